// The conversation that is open: what is said comes in as it is said, who else writes, and the case beside it.

import { Log } from "../messages.js";
import { Shown } from "../photos/shown.js";
import { Unreachable, call } from "../server.js";
import { Answer } from "./answer.js";

const EVERY_MS = 3000;

export class Talk {
  #root;
  #desk;
  #log;
  #after;
  #etag = null;
  #onNews;
  #answer;
  #case = document.querySelector("[data-case]");
  #writing = document.querySelector("[data-writing]");
  #poller;
  #staleCase = false;
  #seen = null;
  #asked = null;
  #files;

  constructor(root, desk, { onNews }) {
    this.#root = root;
    this.#desk = desk;
    this.#onNews = onNews;
    this.#after = Number(root.dataset.after);
    this.#log = new Log(root, desk.texts);
    this.#answer = new Answer(document.querySelector("[data-answer]"), desk, { onSaid: (message, faces) => this.#said(message, faces) });
    this.#files = new Shown(root, { texts: desk.texts, tell: desk.tell, change: (act) => this.#log.following(act) });
    if (location.hash.startsWith("#m-")) this.#log.toEnd();
    this.#poller = desk.poll(() => this.#ask(), EVERY_MS);
  }

  focus() {
    this.#answer.focus();
  }

  refresh() {
    this.#poller.now();
  }

  async #ask() {
    const from = this.#files.from(this.#after);
    const etag = this.#asked === from ? this.#etag : null; // another question than the last
    this.#asked = from;
    const answer = await call("GET", `/api/conversations/${this.#desk.conversation}?after=${from}`, { etag });
    if (answer.outcome === "signed_out") {
      this.#desk.sessionEnded();
      return null;
    }
    if (answer.outcome === "refused") return null;
    if (answer.outcome !== "ok" && answer.outcome !== "unchanged") throw new Unreachable(answer.retryAfterMs);
    if (answer.outcome === "ok") await this.#show(answer);
    if (this.#staleCase) await this.#refreshCase();
    return this.#files.pause(EVERY_MS);
  }

  async #show({ data, etag }) {
    const came = data.messages.filter((message) => this.#log.add(message));
    this.#after = Math.max(this.#after, data.messages.at(-1)?.seq ?? 0);
    this.#etag = etag;
    for (const message of data.messages) this.#staleCase = (await this.#files.update(message)) || this.#staleCase;
    data.opinions.forEach((opinion) => this.#log.opinion(opinion));
    this.#announce(came);
    this.#write(data.writing);
    this.#tag(data.status);
    const seen = JSON.stringify([data.status, data.assignee, data.assistant, data.subject, data.summary, data.summary_state, data.waiting_since, data.facts, data.closing_feedback]);
    this.#staleCase ||= came.length > 0 || (this.#seen === null ? this.#hasMoved(data) : this.#seen !== seen);
    this.#seen = seen;
  }

  /** Whether the case is another than the one the page came with. */
  #hasMoved({ status, summary_state, assignee }) {
    return [status, summary_state, assignee?.id ?? ""].join(" ") !== this.#root.dataset.shown;
  }

  #announce(came) {
    const others = came.filter((message) => message.role === "client");
    if (others.length === 0) return;
    const name = this.#root.dataset.customer;
    this.#desk.tell(this.#desk.texts.say("script.said", { name, text: others.at(-1).content }));
  }

  #write(names) {
    this.#writing.hidden = names.length === 0;
    if (names.length === 0) return;
    const text = this.#desk.texts.say(`script.writing.${names.length === 1 ? "one" : "other"}`, { names: names.join(", ") });
    if (this.#writing.textContent !== text) this.#writing.textContent = text;
  }

  #tag(status) {
    const before = this.#root.dataset.status;
    if (before === status) return;
    this.#root.dataset.status = status;
    if ((before === "closed") !== (status === "closed")) this.#close(status === "closed");
    const tag = document.querySelector(`template[data-template="status-${status}"]`).content.cloneNode(true);
    this.#root.querySelector(".facts .tag").replaceWith(tag);
  }

  /** Somebody has closed or reopened the case: an empty answer gives way, one that holds text stays in sight. */
  #close(isClosed) {
    const [answer, note] = [this.#root.querySelector("[data-answer]"), this.#root.querySelector("[data-closed]")];
    const hadFocus = answer.contains(document.activeElement) || note.contains(document.activeElement);
    answer.hidden = isClosed && answer.elements.content.value.trim() === "";
    note.hidden = !isClosed;
    this.#desk.tell(this.#desk.texts.say(isClosed ? "script.closed" : "script.reopened"));
    if (hadFocus && answer.hidden) note.focus();
    else if (hadFocus && !isClosed) this.#answer.focus();
  }

  #said(message, faces) {
    this.#log.add(message);
    this.#files.place(message, faces);
    this.#log.toEnd();
    this.#etag = null;
    this.#poller.now();
    this.#onNews();
  }

  /** Read the case again, which also marks the conversation seen; never under the hands of whoever changes it. */
  async #refreshCase() {
    if (this.#case.contains(document.activeElement) || this.#case.querySelector("details[open]")) return;
    const response = await fetch(this.#case.dataset.caseUrl, { headers: { Accept: "text/html", "Accept-Language": document.documentElement.lang }, cache: "no-store" }).catch(() => null);
    if (!response?.ok || response.redirected) return;
    const html = await response.text();
    if (this.#case.contains(document.activeElement)) return;
    this.#case.innerHTML = html; // our own page's part
    this.#staleCase = false;
    this.#onNews();
  }
}
