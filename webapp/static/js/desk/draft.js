// A draft: kept on this device at once, at the server on every pause, and here until the server has it.

import { backoff, call } from "../server.js";

const PAUSE_MS = 1000;
const AT_LEAST_EVERY_MS = 5000;

export class Draft {
  #field;
  #state;
  #desk;
  #place;
  #timer = 0;
  #since = 0;
  #underWay = null;
  #failures = 0;

  constructor(form, desk) {
    this.#field = form.elements.content;
    this.#state = form.querySelector("[data-draft-state]");
    this.#desk = desk;
    this.#place = `sav:desk-draft:${desk.account}:${desk.conversation}`;
    this.#field.addEventListener("input", () => this.changed());
    addEventListener("online", () => this.#later(0));
    this.#restore("kept" in form.dataset);
  }

  /** What is written has changed. */
  changed() {
    this.#remember();
    this.#since ||= Date.now();
    this.#later(Math.min(PAUSE_MS, Math.max(0, this.#since + AT_LEAST_EVERY_MS - Date.now())));
  }

  /** Nothing more is on its way to the server once this is done. */
  async settle() {
    clearTimeout(this.#timer);
    await this.#underWay;
    clearTimeout(this.#timer);
  }

  /** The text was sent: there is no draft any more. */
  forget() {
    clearTimeout(this.#timer);
    this.#since = 0;
    this.#drop();
    this.#state.textContent = "";
  }

  /** What this device kept and the server never took is newer than what the server has. */
  #restore(kept) {
    const mine = this.#read();
    if (!kept && mine !== null && mine !== this.#field.value) {
      this.#field.value = mine;
      this.#desk.tell(this.#desk.texts.say("script.restored"));
    }
    if (kept || mine !== null) this.changed();
  }

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), delay);
  }

  #save() {
    if (this.#underWay || this.#read() === null) return; // nothing new, or it saves again when done
    this.#underWay = this.#put().finally(() => {
      this.#underWay = null;
    });
  }

  async #put() {
    const text = this.#field.value;
    this.#since = 0;
    const answer = await call("PUT", `/api/conversations/${this.#desk.conversation}/draft`, { body: { content: text } });
    if (answer.outcome === "ok") {
      this.#failures = 0;
      if (this.#read() === text) {
        this.#drop();
        this.#state.textContent = text.trim() ? this.#desk.texts.say("script.kept") : "";
      } else {
        this.#later(PAUSE_MS);
      }
      return;
    }
    this.#state.textContent = this.#desk.texts.say("script.kept_here");
    if (answer.outcome === "refused" || answer.outcome === "signed_out") return; // the next change tries again
    this.#failures += 1;
    this.#later(answer.retryAfterMs ?? backoff(this.#failures));
  }

  #read() {
    try {
      return localStorage.getItem(this.#place);
    } catch {
      return this.#field.value; // storage is forbidden: the server alone keeps it
    }
  }

  #remember() {
    try {
      localStorage.setItem(this.#place, this.#field.value);
    } catch {
      // Storage is full or forbidden: the text is still in the field.
    }
  }

  #drop() {
    try {
      localStorage.removeItem(this.#place);
    } catch {
      // Idem.
    }
  }
}
