// Writing and sending: the text and its key outlive reloads, lost networks and ended sessions; it is sent once.

import { backoff, call } from "./server.js";
import { Notice } from "./status.js";

const RESUME_WITHIN_MS = 10 * 60 * 1000;
const LONGEST_WAIT_MS = 2 * 60 * 1000; // a limit by the day is not waited for

export class Composer {
  #form;
  #field;
  #button;
  #alert;
  #texts;
  #account;
  #onAccepted;
  #onNotice;
  #files = null;
  #filesModule = null;
  #sending = null;
  #timer = 0;

  /**
   * `onAccepted(answer, person, faces)` is told what the server took, `onNotice(text)` why it did not;
   * `conversation` is empty for one not begun.
   */
  constructor(form, { account, conversation, texts, kept, onAccepted, onNotice }) {
    this.#form = form;
    this.#field = form.elements.message;
    this.#button = form.querySelector(".send");
    this.#alert = new Notice(form);
    this.#texts = texts;
    this.#account = account;
    this.#onAccepted = onAccepted;
    this.#onNotice = onNotice;
    this.conversation = conversation;
    this.#listen();
    this.#restore(kept);
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Write an example for the customer to send or change. */
  suggest(text) {
    this.#field.value = text;
    this.#typed();
    this.focus();
  }

  get isEmpty() {
    return this.#field.value.trim() === "" && !this.#hasFiles;
  }

  get #hasFiles() {
    return this.#files !== null && !this.#files.isEmpty;
  }

  /** Whether a person shall read what is written; the button of that name is another element. */
  get person() {
    return this.#form.querySelector('input[name="person"]').value !== "";
  }

  set person(wanted) {
    this.#form.querySelector('input[name="person"]').value = wanted ? "1" : "";
    this.#form.querySelector("[data-person-note]").hidden = !wanted;
  }

  /** Send what is written; pressing again while it is under way changes nothing. */
  submit() {
    if (this.#filesModule && !this.#files) {
      this.#filesModule.then(() => this.submit(), () => {}); // files were chosen a moment ago
      return;
    }
    if (this.isEmpty || this.#sending) return;
    const text = this.#field.value.trim();
    const hasFiles = this.#hasFiles;
    const sent = hasFiles ? `${text}\n\n${this.#files.signature}` : text;
    const kept = this.#read();
    const key = kept?.sent === sent ? kept.key : mintKey();
    this.#sending = { text, key, hasFiles, tries: 0, person: this.person };
    this.#write({ text: this.#field.value, key, sent, at: hasFiles ? 0 : Date.now(), files: this.#files?.count, person: this.#sending.person });
    this.#lock(true);
    this.#try();
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      if (!event.repeat) this.submit();
    });
    this.#field.addEventListener("input", () => this.#typed());
    this.#form.querySelector("[data-composer-edit]").addEventListener("click", () => this.#edit());
    this.#form.querySelector("[data-composer-retry]").addEventListener("click", () => this.#try());
    onFiles(this.#form, (files) => this.#takeFiles(files));
    addEventListener("online", () => this.#waiting() && this.#try());
    addEventListener("storage", (event) => {
      if (event.key === this.#place && event.newValue === null && !this.#sending) this.#sentElsewhere(event.oldValue);
    });
  }

  #restore(keptByServer) {
    const draft = this.#read();
    if (!keptByServer && draft) {
      this.#field.value = draft.text;
      this.person = draft.person === true;
      if (draft.files) this.#say(this.#texts.say("attachments.script.attach_again"));
      if (draft.sent && Date.now() - draft.at < RESUME_WITHIN_MS) this.submit();
    } else if (keptByServer) {
      const key = this.#form.elements.idempotency_key.value;
      this.#write({ text: this.#field.value, key, sent: this.#field.value.trim(), at: 0 });
    }
    this.#grow();
  }

  #typed() {
    const kept = this.#read();
    if (this.#field.value === "" && !kept?.sent && !this.#hasFiles) this.#forget();
    else this.#write({ ...kept, text: this.#field.value, at: 0, files: this.#files?.count });
    this.#grow();
  }

  /** What deals with files comes with the first of them: a first visit stays light. */
  async #takeFiles(files) {
    try {
      this.#filesModule ??= import("./photos/chooser.js");
      const { Chooser } = await this.#filesModule;
      this.#files ??= new Chooser(this.#form, { texts: this.#texts, tell: this.#onNotice, onChange: () => this.#typed() });
    } catch {
      this.#filesModule = null;
      this.#say(this.#texts.say("attachments.script.unavailable"));
      return;
    }
    if (!this.#sending) this.#alert.hide();
    this.#files.add(files);
  }

  async #try() {
    clearTimeout(this.#timer);
    const sending = this.#sending;
    if (!sending || sending.underWay) return;
    sending.underWay = true;
    const body = sending.text || !sending.hasFiles ? { message: sending.text } : {};
    if (this.conversation) body.conversation_id = this.conversation;
    const answer = sending.hasFiles
      ? await this.#files.send("/api/upload_images", body, sending.key)
      : await call("POST", "/api/chat", { body, key: sending.key });
    sending.underWay = false;
    if (this.#sending === sending) this.#heard(answer, sending);
  }

  #heard(answer, sending) {
    if (answer.outcome === "ok") {
      this.#lock(false);
      const faces = sending.hasFiles ? this.#files.take() : [];
      this.#forget();
      this.#clear();
      this.#alert.hide();
      this.#sending = null;
      this.person = false;
      this.conversation = answer.data.conversation_id;
      this.#form.elements.conversation_id.value = this.conversation;
      this.#onAccepted(answer.data, sending.person, faces);
    } else if ((answer.outcome === "unreachable" || answer.outcome === "busy") && !(answer.retryAfterMs > LONGEST_WAIT_MS)) {
      this.#tryLater(answer, sending);
    } else {
      this.#giveBack(answer);
    }
  }

  #tryLater(answer, sending) {
    sending.tries += 1;
    const delay = answer.retryAfterMs ?? backoff(sending.tries);
    const isOffline = navigator.onLine === false;
    const unsent = `${sending.hasFiles ? "attachments.script" : "link"}.unsent${isOffline ? "_offline" : ""}`;
    const reason = answer.status === 429 ? "link.wait" : unsent;
    this.#say(this.#texts.say(reason, { n: Math.max(1, Math.round(delay / 1000)) }), { edit: true, retry: !isOffline });
    this.#timer = setTimeout(() => this.#try(), delay);
  }

  #giveBack(answer) {
    this.#edit();
    if (answer.outcome === "signed_out") this.sessionEnded();
    else this.#say(reasonOf(answer.data) ?? this.#texts.say("link.refused"));
  }

  /** Say that one must sign in again, with the way there and back; the text stays. */
  sessionEnded() {
    const back = this.conversation ? `/chat/${this.conversation}` : "/chat";
    this.#say(this.#texts.say("link.session_ended"), { signIn: `/login?next=${encodeURIComponent(back)}` });
  }

  #say(text, actions) {
    this.#alert.say(text, actions);
    this.#onNotice(text);
  }

  /** Stop trying: the text is the customer's again, under the same key as long as it stays the same. */
  #edit() {
    clearTimeout(this.#timer);
    this.#sending = null;
    this.#lock(false);
    this.#alert.hide();
    const kept = this.#read();
    if (kept) this.#write({ ...kept, at: 0 });
    this.focus();
  }

  /** Another tab has sent its draft: where the same text stands here, it is done with. */
  #sentElsewhere(draft) {
    if (draft && JSON.parse(draft).sent === this.#field.value.trim()) this.#clear();
  }

  #waiting() {
    return this.#sending && !this.#sending.underWay;
  }

  #lock(locked) {
    this.#field.readOnly = locked;
    this.#button.setAttribute("aria-disabled", String(locked));
    this.#files?.lock(locked);
    for (const input of this.#form.querySelectorAll("[data-photo-input]")) input.disabled = locked;
  }

  #clear() {
    this.#field.value = "";
    this.#grow();
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.rows = Math.min(8, this.#field.value.split("\n").length);
  }

  get #place() {
    return `sav:draft:${this.#account}:${this.conversation || "new"}`;
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.#place));
    } catch {
      return null;
    }
  }

  #write(draft) {
    try {
      localStorage.setItem(this.#place, JSON.stringify(draft));
    } catch {
      // Storage is full or forbidden: the text is still in the field.
    }
  }

  #forget() {
    try {
      localStorage.removeItem(this.#place);
    } catch {
      // Idem.
    }
  }
}

/** Tell `take(files)` of files however they come: from a chooser or the camera, dropped on the page, pasted. */
export function onFiles(form, take) {
  for (const input of form.querySelectorAll("[data-photo-input]")) {
    input.addEventListener("change", () => {
      const files = Array.from(input.files);
      input.value = ""; // the same file may be chosen again after its removal
      if (files.length > 0) take(files);
    });
  }
  const page = form.ownerDocument;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") === true;
  const mark = (isOver) => form.toggleAttribute("data-dropping", isOver);
  page.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // or the browser would leave the page for the file
    mark(true);
  });
  page.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
  page.addEventListener("drop", (event) => {
    mark(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    take(Array.from(event.dataTransfer.files));
  });
  page.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    if (files.length === 0 || types.includes("text/plain")) return; // words copied with their picture are words
    event.preventDefault();
    take(Array.from(files));
  });
}

/** The server's own sentences: of each file that was refused, or of the whole. */
export function reasonOf(problem) {
  const named = problem?.errors?.map(({ detail }) => detail).filter(Boolean) ?? [];
  return named.length > 0 ? named.join(" ") : problem?.detail;
}

function mintKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
