// Answering: the text is sent once under one key, whatever the network does; help is put in, never over what is written.

import { onFiles, reasonOf } from "../composer.js";
import { Chooser } from "../photos/chooser.js";
import { backoff, call } from "../server.js";
import { Draft } from "./draft.js";
import { Proposal } from "./proposal.js";

export class Answer {
  #form;
  #field;
  #button;
  #alert;
  #desk;
  #onSaid;
  #draft;
  #proposal;
  #files;
  #sending = null;
  #timer = 0;

  constructor(form, desk, { onSaid }) {
    this.#form = form;
    this.#field = form.elements.content;
    this.#button = form.querySelector(".primary");
    this.#alert = form.querySelector("[data-alert]");
    this.#desk = desk;
    this.#onSaid = onSaid;
    this.#draft = new Draft(form, desk);
    this.#proposal = new Proposal(form, desk, { put: (text, how) => this.#put(text, how) });
    this.#files = new Chooser(form, { texts: desk.texts, tell: desk.tell, onChange: () => {} });
    onFiles(form, (files) => this.#files.add(files));
    this.#listen();
  }

  focus() {
    this.#field.focus();
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter !== this.#button) return; // the other buttons have their own ways
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        this.#send();
      }
    });
    this.#form.querySelector("[data-insert]")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.#insertSaved();
    });
    addEventListener("online", () => this.#sending && !this.#sending.underWay && this.#try());
  }

  /** Put a text in, after what is written. */
  #put(text, { instead = false } = {}) {
    const written = instead ? "" : this.#field.value.trimEnd();
    this.#field.value = written ? `${written}\n\n${text}` : text;
    this.#draft.changed();
    this.focus();
  }

  #insertSaved() {
    const select = this.#form.querySelector("[data-saved]");
    const text = select.selectedOptions[0]?.dataset.content;
    if (!text) {
      select.focus();
      return;
    }
    this.#put(text);
    select.value = "";
    this.#desk.tell(this.#desk.texts.say("script.inserted"));
  }

  #send() {
    const text = this.#field.value.trim();
    const hasFiles = !this.#files.isEmpty;
    if ((text === "" && !hasFiles) || this.#sending) return;
    this.#sending = { text, hasFiles, key: this.#form.elements.idempotency_key.value, tries: 0 };
    this.#lock(true);
    this.#try();
  }

  async #try() {
    clearTimeout(this.#timer);
    const sending = this.#sending;
    sending.underWay = true;
    await this.#draft.settle(); // a draft that arrives after its message would come back to life
    const path = `/api/conversations/${this.#desk.conversation}/messages`;
    const answer = sending.hasFiles
      ? await this.#files.send(path, { content: sending.text }, sending.key)
      : await call("POST", path, { body: { content: sending.text }, key: sending.key });
    sending.underWay = false;
    if (answer.outcome === "ok") this.#sent(answer.data, sending);
    else if (answer.outcome === "unreachable" || answer.outcome === "busy") this.#tryLater(answer, sending);
    else this.#giveBack(answer);
  }

  #sent(message, sending) {
    this.#sending = null;
    this.#form.elements.idempotency_key.value = mintKey();
    this.#field.value = "";
    this.#draft.forget();
    this.#proposal.hide();
    this.#form.querySelector("[data-falls-silent]")?.remove(); // it has
    this.#alert.hidden = true;
    this.#lock(false);
    this.#desk.tell(this.#desk.texts.say("script.sent"));
    this.#onSaid(message, sending.hasFiles ? this.#files.take() : []);
  }

  #tryLater(answer, sending) {
    sending.tries += 1;
    const delay = answer.retryAfterMs ?? backoff(sending.tries);
    this.#say(this.#desk.texts.say("script.unsent", { n: Math.max(1, Math.round(delay / 1000)) }), { aloud: sending.tries === 1 });
    this.#timer = setTimeout(() => this.#try(), delay);
  }

  #giveBack(answer) {
    this.#sending = null;
    this.#form.elements.idempotency_key.value = mintKey();
    this.#lock(false);
    this.#draft.changed();
    if (answer.outcome === "signed_out") this.#desk.sessionEnded();
    else this.#say(reasonOf(answer.data) ?? this.#desk.texts.say("script.failed"), { aloud: true });
  }

  #say(text, { aloud }) {
    this.#alert.querySelector("[data-alert-text]").textContent = text;
    this.#alert.hidden = false;
    if (aloud) this.#desk.tell(text);
  }

  #lock(locked) {
    this.#field.readOnly = locked;
    this.#button.setAttribute("aria-disabled", String(locked));
    this.#files.lock(locked);
    for (const input of this.#form.querySelectorAll("[data-photo-input]")) input.disabled = locked;
  }
}

function mintKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
