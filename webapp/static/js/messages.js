// The list of messages: what was said, what becomes of it, the reply that is being written.

const ICONS = { received: "check", checking: "clock", queued: "clock", running: "pen", answered: "check", handed_over: "person", person: "person" };
const NEAR_THE_END_PX = 48;

/** The list of messages. Whoever reads elsewhere in it is not moved; whoever is at its end stays at its end. */
export class Log {
  #list;
  #scroller;
  #texts;
  #icons;

  constructor(root, texts) {
    this.#list = root.querySelector("[data-log]");
    this.#scroller = root.querySelector("[data-scroller]");
    this.#texts = texts;
    this.#icons = document.querySelector(".brand use").getAttribute("href").split("#")[0];
    this.#holdDisclosures();
    setInterval(() => this.#ageTimes(), 30000);
  }

  has(id) {
    return document.getElementById(`m-${id}`) !== null;
  }

  item(id) {
    return document.getElementById(`m-${id}`);
  }

  /** Add a message in its place; true when it was not there yet. A reply takes the place of its draft. */
  add(message) {
    if (this.has(message.id)) return false;
    const item = this.#make(message);
    const draft = message.reply_to ? this.#draft(message.reply_to) : null;
    this.#keepingPlace(() => {
      draft?.remove();
      const after = Array.from(this.#list.children).find((other) => !other.dataset.seq || Number(other.dataset.seq) > message.seq);
      this.#list.insertBefore(item, after ?? null);
    }, item);
    return true;
  }

  /** Say what has become of a customer's message. */
  live(messageId, state, job = null) {
    const line = this.item(messageId)?.querySelector(".life");
    if (!line) return;
    line.className = `life life-${state}`;
    this.#icon(line, ICONS[state]);
    const words = this.#texts.life(state, job);
    const text = line.querySelector("[data-life-text]");
    if (text.textContent !== words) text.textContent = words;
  }

  /** Say what the customer thinks of a reply. */
  opinion({ message_id: id, rating, comment }) {
    const item = this.item(id);
    if (!item) return;
    const said = clone(`opinion-${rating}`);
    if (comment) said.append(" ", Object.assign(document.createElement("q"), { textContent: comment }));
    const before = item.querySelector(".opinion");
    if (before?.outerHTML === said.outerHTML) return;
    this.following(() => (before ? before.replaceWith(said) : item.append(said)));
  }

  /** Show the draft of a reply as it grows; null takes it away. */
  draft(messageId, text) {
    let item = this.#draft(messageId);
    if (text === null) {
      item?.remove();
      return;
    }
    const isNew = !item;
    item ??= clone("draft");
    item.dataset.draftOf = messageId;
    const body = item.querySelector(".body");
    if (!isNew && body.textContent === text) return;
    this.#keepingPlace(() => {
      body.textContent = text;
      if (isNew) this.#list.append(item);
    }, item);
  }

  toEnd() {
    this.#scroller.scrollTop = 0; // the scroller counts from its end
    if (getComputedStyle(this.#scroller).overflowY === "visible") this.#list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** Change what stands in the list: whoever is at its end stays there, whoever reads elsewhere is not moved. */
  following(change) {
    if (Math.abs(this.#scroller.scrollTop) >= NEAR_THE_END_PX) this.#holding(this.#firstSeen(), change);
    else {
      change();
      this.#scroller.scrollTop = 0;
    }
  }

  #draft(messageId) {
    return this.#list.querySelector(`[data-draft-of="${messageId}"]`);
  }

  /** Change the list: at its end, follow it, but never past the first line of a reply longer than the window. */
  #keepingPlace(change, item) {
    const atEnd = Math.abs(this.#scroller.scrollTop) < NEAR_THE_END_PX;
    if (!atEnd) {
      this.#holding(this.#firstSeen(), change);
      return;
    }
    change();
    this.#scroller.scrollTop = 0;
    const above = this.#scroller.getBoundingClientRect().top - item.getBoundingClientRect().top;
    if (above > 0 && item.offsetHeight > this.#scroller.clientHeight) this.#scroller.scrollTop -= above + 16;
  }

  /** Change something while `item` stays where it is on the screen. */
  #holding(item, change) {
    const before = item?.getBoundingClientRect().top;
    change();
    if (item?.isConnected) this.#scroller.scrollTop += item.getBoundingClientRect().top - before;
  }

  #firstSeen() {
    const top = this.#scroller.getBoundingClientRect().top;
    return Array.from(this.#list.children).find((item) => item.getBoundingClientRect().bottom > top);
  }

  /** A list that hangs on its end would push a disclosure away from the finger that opens it. */
  #holdDisclosures() {
    let before = null;
    this.#list.addEventListener("click", ({ target }) => {
      before = target.closest("summary")?.getBoundingClientRect().top ?? null;
    });
    const hold = ({ target }) => {
      if (before !== null) this.#scroller.scrollTop += target.firstElementChild.getBoundingClientRect().top - before;
      before = null;
    };
    this.#list.addEventListener("toggle", hold, { capture: true }); // it does not bubble
  }

  #make(message) {
    const item = clone(message.role);
    item.id = `m-${message.id}`;
    Object.assign(item.dataset, { message: message.id, seq: message.seq });
    if (message.reply_to) item.dataset.replyTo = message.reply_to;
    if (message.author) item.querySelector("[data-who]").textContent = message.author;
    this.#time(item.querySelector("[data-when]"), new Date(message.created_at));
    const body = item.querySelector(".body");
    body.innerHTML = message.html; // went through the server's allow-list
    this.#linkMarks(body, message);
    if (message.sources.length > 0) body.after(this.#sources(message));
    if (message.outcome === "handed_over") item.querySelector("[data-feedback]")?.remove(); // a notice is no answer
    return item;
  }

  /** Point marks such as [1] at this message's chips; one that has no source is plain text. */
  #linkMarks(body, message) {
    const known = new Set(message.sources.map((source) => `#source-${source.n}`));
    for (const mark of body.querySelectorAll('a[href^="#source-"]')) {
      const target = mark.getAttribute("href");
      if (known.has(target)) mark.setAttribute("href", target.replace("#source-", `#source-${message.seq}-`));
      else mark.replaceWith(mark.textContent);
    }
  }

  #sources(message) {
    const box = clone("sources");
    for (const source of message.sources) {
      const title = source.page ? `${source.title}, ${this.#texts.say("chat.page", { page: source.page })}` : source.title;
      const chip = clone("chip");
      chip.id = `source-${message.seq}-${source.n}`;
      chip.firstElementChild.href = `${source.url}#passage`;
      chip.querySelector(".number").textContent = source.n;
      chip.querySelector(".chip-title").textContent = title;
      box.querySelector(".chips").append(chip);
      box.querySelector(".excerpts").append(this.#excerpt(source, title));
    }
    return box;
  }

  #excerpt(source, title) {
    const pair = document.querySelector('template[data-template="excerpt"]').content.cloneNode(true);
    pair.querySelector(".visually-hidden").textContent = this.#texts.say("chat.source_number", { n: source.n });
    pair.querySelector(".number").textContent = source.n;
    pair.querySelector("[data-title]").textContent = title;
    pair.querySelector("dd").textContent = source.excerpt;
    return pair;
  }

  #icon(holder, name) {
    holder.querySelector("use").setAttribute("href", `${this.#icons}#${name}`);
  }

  #time(node, moment) {
    node.dateTime = moment.toISOString();
    node.title = this.#texts.exact(moment);
    const seen = document.createElement("span");
    seen.setAttribute("aria-hidden", "true");
    seen.textContent = this.#texts.relative(moment);
    const heard = document.createElement("span");
    heard.className = "visually-hidden";
    heard.textContent = node.title;
    node.replaceChildren(seen, heard);
  }

  #ageTimes() {
    if (document.hidden) return;
    for (const node of document.querySelectorAll("time[data-when]")) {
      const seen = node.firstElementChild;
      if (seen) seen.textContent = this.#texts.relative(new Date(node.dateTime));
    }
  }
}

function clone(name) {
  return document.querySelector(`template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
}
