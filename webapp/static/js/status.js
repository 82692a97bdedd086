// What the page says: its words in the reader's language, aloud at the boundaries, and how the link to the server is.

const MOST_LINES = 8;

/** Texts of the page's language, under the keys of the server's catalogue. */
export class Texts {
  #texts;
  #language;

  constructor(texts, language) {
    this.#texts = texts;
    this.#language = language;
  }

  say(key, values = {}) {
    return this.#texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  count(key, count) {
    const one = count === 1 || (count === 0 && this.#language === "fr");
    return this.say(`${key}.${one ? "one" : "other"}`, { count });
  }

  /** "3 minutes ago", in the words the browser has for it. */
  relative(moment) {
    const age = (Date.now() - moment.getTime()) / 1000;
    if (age < 45) return this.say("time.now");
    const [unit, size] = [["minute", 60], ["hour", 3600], ["day", 86400]].findLast(([, size]) => age >= size * 0.9) ?? ["minute", 60];
    if (age > 7 * 86400) return moment.toLocaleDateString(this.#language, { dateStyle: "long" });
    return new Intl.RelativeTimeFormat(this.#language).format(-Math.max(1, Math.round(age / size)), unit);
  }

  exact(moment) {
    return moment.toLocaleString(this.#language, { dateStyle: "long", timeStyle: "short" });
  }

  /** The words of a message's life; `job` for its place in the queue. */
  life(state, job) {
    if (state !== "queued") return this.say(`life.${state}`);
    const place = job?.position ? this.count("life.queued", job.position) : this.say("life.next");
    return job?.estimated_wait_s ? `${place}, ${this.#about(job.estimated_wait_s)}` : place;
  }

  #about(seconds) {
    return seconds < 60 ? this.say("life.about_seconds", { n: seconds }) : this.say("life.about_minutes", { n: Math.round(seconds / 60) });
  }
}

/** The polite live region: boundaries only, each once. */
export class Announcer {
  #region;
  #texts;

  constructor(root, texts) {
    this.#region = root.querySelector("[data-live]");
    this.#texts = texts;
  }

  say(key, values) {
    this.tell(this.#texts.say(`live.${key}`, values));
  }

  tell(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.#region.append(line);
    while (this.#region.childElementCount > MOST_LINES) this.#region.firstElementChild.remove();
  }
}

/** The line that says the server cannot be reached, counts down to the next try, and that it is back. */
export class Link {
  #line;
  #texts;
  #tell;
  #lost = new Map();
  #timer = 0;

  /** `onRetry()` asks again at once; `tell(text)` says a change aloud. */
  constructor(root, texts, { onRetry, tell }) {
    this.#line = root.querySelector("[data-link-status]");
    this.#texts = texts;
    this.#tell = tell;
    this.#line.querySelector("[data-link-retry]").addEventListener("click", onRetry);
    addEventListener("offline", () => this.#show());
    addEventListener("online", () => this.#show());
  }

  /** One miss is not yet worth a word. */
  lost(who, delay, failures) {
    if (failures > 1 || navigator.onLine === false) this.#lost.set(who, Date.now() + delay);
    this.#show();
  }

  reached(who) {
    if (this.#lost.delete(who)) this.#show();
  }

  forget(who) {
    this.#lost.delete(who);
    this.#show();
  }

  /** Say something that stays until the page is left. */
  insist(text, action) {
    clearInterval(this.#timer);
    this.#line.querySelector("[data-link-retry]").replaceWith(action);
    this.#say(text);
    this.#show = () => {};
    this.#back = () => {};
  }

  #show = () => {
    if (this.#lost.size === 0 && navigator.onLine !== false) {
      if (!this.#line.hidden && !this.#line.classList.contains("is-back")) this.#back();
      return;
    }
    clearInterval(this.#timer);
    const isNews = this.#line.hidden || this.#line.classList.contains("is-back");
    this.#line.classList.remove("is-back");
    this.#count();
    if (isNews) this.#tell(this.#line.querySelector("[data-link-text]").textContent);
    this.#timer = setInterval(() => this.#count(), 1000);
  };

  #count() {
    const next = Math.min(...this.#lost.values(), Date.now() + 60000);
    const n = Math.max(0, Math.round((next - Date.now()) / 1000));
    this.#say(this.#texts.say(navigator.onLine === false ? "link.offline" : "link.lost", { n }));
  }

  #back = () => {
    clearInterval(this.#timer);
    this.#line.classList.add("is-back");
    this.#say(this.#texts.say("link.back"));
    this.#tell(this.#texts.say("link.back"));
    this.#timer = setTimeout(() => {
      this.#line.hidden = true;
      this.#line.classList.remove("is-back");
    }, 4000);
  };

  #say(text) {
    this.#line.querySelector("[data-link-text]").textContent = text;
    this.#line.hidden = false;
    const retry = this.#line.querySelector("[data-link-retry]");
    if (retry) retry.hidden = this.#line.classList.contains("is-back") || navigator.onLine === false;
  }
}

/** The one place above the field that says why a message is still here. */
export class Notice {
  #box;
  #edit;
  #retry;
  #signIn;

  constructor(form) {
    this.#box = form.querySelector("[data-composer-alert]");
    this.#edit = form.querySelector("[data-composer-edit]");
    this.#retry = form.querySelector("[data-composer-retry]");
    this.#signIn = form.querySelector("[data-composer-sign-in]");
  }

  say(text, { edit = false, retry = false, signIn = null } = {}) {
    this.#box.querySelector("[data-composer-alert-text]").textContent = text;
    this.#edit.hidden = !edit;
    this.#retry.hidden = !retry;
    this.#signIn.hidden = !signIn;
    if (signIn) this.#signIn.href = signIn;
    this.#box.hidden = false;
  }

  hide() {
    this.#box.hidden = true;
  }
}
