// The files of messages in the page: shown at once, brought up to date in place, what becomes of them said once.

import { call } from "../server.js";

const TIMEOUT_MS = 20000;
const SOON_MS = 1500;
const FARTHEST = 200; // messages: what lies further back is brought up to date by the next visit

export class Shown {
  #root;
  #texts;
  #tell;
  #change;
  #faces = new Map();

  /** `root` holds the messages; `tell(text)` says something aloud; `change(act)` does something to the list in place. */
  constructor(root, { texts, tell, change }) {
    this.#root = root;
    this.#texts = texts;
    this.#tell = tell;
    this.#change = change;
    root.addEventListener("submit", (event) => this.#answered(event));
  }

  /** The number before the first message that still waits for something, or `after`: from there on is worth asking. */
  from(after) {
    const waiting = this.#waiting().map((item) => Number(item.closest("[data-seq]").dataset.seq) - 1);
    return Math.min(after, ...waiting.filter((seq) => after - seq < FARTHEST));
  }

  /** Whether files of this message are still being checked: its reply waits for them. */
  isWaiting(messageId) {
    return this.#item(messageId)?.querySelector('[data-attachment][data-state="pending"]') != null;
  }

  /** How long until the next look: soon, while a file is being checked. */
  pause(usual) {
    return this.#waiting().length > 0 ? Math.min(usual, SOON_MS) : usual;
  }

  /** Show the files of a message that came without them; `faces` are the pictures as they were chosen. */
  place(message, faces = []) {
    if (message.attachments.length === 0 || this.#item(message.id)?.querySelector("[data-enclosed]")) return;
    const box = clone("enclosed");
    message.attachments.forEach((attachment, at) => {
      if (faces[at]) this.#faces.set(attachment.id, faces[at]);
      const item = clone("attachment");
      item.dataset.attachment = attachment.id;
      item.querySelector("[data-name]").textContent = attachment.name;
      box.querySelector("[data-attachments]").append(item);
    });
    this.#item(message.id).querySelector(".body").after(box);
    this.#face(box);
  }

  /** Bring the files of a message up to date, when they are not what the page shows; true when they were not. */
  async update(message) {
    const item = this.#item(message.id);
    if (!item || message.attachments.length === 0) return false;
    this.#change(() => this.place(message));
    const isShown = ({ id, state }) => item.querySelector(`[data-attachment="${id}"]`)?.dataset.state === state;
    return message.attachments.every(isShown) ? false : this.#refresh(item);
  }

  /** Bring up to date what was read in the files of this page: that comes some seconds after they are shown. */
  async read(facts) {
    const isShown = ({ id, state }) => this.#root.querySelector(`[data-fact="${id}"]`)?.dataset.state === state;
    const files = facts.filter((fact) => !isShown(fact)).map((fact) => this.#root.querySelector(`[data-attachment="${fact.attachment_id}"]`));
    for (const item of new Set(files.map((file) => file?.closest("[data-message]")))) if (item) await this.#refresh(item);
  }

  async #refresh(item) {
    const fresh = await fetchPart(`/messages/${item.dataset.message}/attachments`);
    if (fresh) this.#change(() => this.#merge(item, fresh));
    return fresh !== null;
  }

  #merge(item, fresh) {
    const box = item.querySelector("[data-enclosed]");
    const wasPending = box.querySelector('[data-state="pending"]') !== null;
    const before = new Set(Array.from(box.querySelectorAll("[data-fact]"), (fact) => fact.dataset.fact));
    mergeRows(box.querySelector("[data-attachments]"), fresh.querySelector("[data-attachments]"));
    replaceFacts(box, fresh.querySelector("[data-facts]"));
    this.#face(box);
    if (box.querySelector('[data-state="pending"]')) return;
    const asks = Array.from(box.querySelectorAll('[data-fact][data-state="proposed"]')).filter((fact) => !before.has(fact.dataset.fact));
    this.#announce(box, wasPending, asks.length);
  }

  #announce(box, wasPending, asks) {
    const words = [];
    const count = (selector) => box.querySelectorAll(selector).length;
    const say = (key, n) => n > 0 && words.push(this.#texts.count(`attachments.script.${key}`, n));
    if (wasPending && count('[data-state="clean"]') > 0) words.push(this.#texts.say(`attachments.script.ready${box.closest(".seen-by-staff") ? "_staff" : ""}`));
    if (wasPending) say("refused", count(".attachment[data-state=rejected]"));
    if (wasPending) say("better", count(".attachment[data-state=clean] [data-advice]"));
    say("ask", asks);
    if (words.length > 0) this.#tell(words.join(" "));
  }

  /** What is not shown by the server yet keeps the picture as it was chosen. */
  #face(box) {
    for (const item of box.querySelectorAll("[data-attachment]")) {
      const face = this.#faces.get(item.dataset.attachment);
      if (!face) continue;
      if (item.dataset.state === "pending") item.querySelector(".tile").replaceChildren(face);
      else this.#faces.delete(item.dataset.attachment);
    }
  }

  async #answered(event) {
    const form = event.target.closest("[data-fact-form]");
    if (!form) return;
    event.preventDefault();
    const fact = form.closest("[data-fact]");
    const message = form.closest("[data-message]");
    const answer = await call("POST", `/api/facts/${fact.dataset.fact}`, { body: { confirmed: event.submitter?.value !== "no" } });
    const isKept = answer.outcome === "ok";
    this.#tell(this.#texts.say(isKept ? "attachments.fact.kept" : "attachments.fact.failed"));
    fact.closest("[data-facts]").querySelector("[data-facts-failed]").hidden = isKept;
    if (isKept && (await this.#refresh(message))) message.querySelector("[data-fact-form] button, .attachments a")?.focus({ preventScroll: true });
  }

  #waiting() {
    return Array.from(this.#root.querySelectorAll('.message [data-attachment][data-state="pending"]'));
  }

  #item(id) {
    return document.getElementById(`m-${id}`);
  }
}

/** Read a part of a page of ours; null when it is not to be had just now. */
async function fetchPart(path) {
  const headers = { Accept: "text/html", "Accept-Language": document.documentElement.lang };
  try {
    const response = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok || response.redirected) return null;
    const part = document.createElement("template");
    part.innerHTML = await response.text(); // our own page's part
    return part.content;
  } catch {
    return null;
  }
}

/** Files that are in the same state stay the very elements they are. */
function mergeRows(list, fresh) {
  const old = new Map(Array.from(list.children, (row) => [row.dataset.attachment, row]));
  const rows = Array.from(fresh.children, (row) => {
    const mine = old.get(row.dataset.attachment);
    return mine?.dataset.state === row.dataset.state ? mine : row;
  });
  list.replaceChildren(...rows);
}

/** What was read is asked afresh; whoever is about to answer keeps the button under the finger. */
function replaceFacts(box, facts) {
  const shown = box.querySelector("[data-facts]");
  const focused = shown?.contains(document.activeElement) ? document.activeElement : null;
  const place = focused?.closest("[data-fact]")?.dataset.fact;
  if (facts && shown) shown.replaceWith(facts);
  else if (facts) box.append(facts);
  else shown?.remove();
  if (place) facts?.querySelector(`[data-fact="${place}"] button[value="${focused.value}"]`)?.focus({ preventScroll: true });
}

function clone(name) {
  return document.querySelector(`template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
}
