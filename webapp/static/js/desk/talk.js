// The conversation that is open: what is said comes in as it is said, who else writes, and the case beside it.

import { Log } from "../messages.js";
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

  constructor(root, desk, { onNews }) {
    this.#root = root;
    this.#desk = desk;
    this.#onNews = onNews;
    this.#after = Number(root.dataset.after);
    this.#log = new Log(root, desk.texts);
    const form = document.querySelector("[data-answer]");
    if (form) this.#answer = new Answer(form, desk, { onSaid: (message) => this.#said(message) });
    if (location.hash.startsWith("#m-")) this.#log.toEnd();
    this.#poller = desk.poll(() => this.#ask(), EVERY_MS);
  }

  focus() {
    this.#answer?.focus();
  }

  refresh() {
    this.#poller.now();
  }

  async #ask() {
    const answer = await call("GET", `/api/conversations/${this.#desk.conversation}?after=${this.#after}`, { etag: this.#etag });
    if (answer.outcome === "signed_out") {
      this.#desk.sessionEnded();
      return null;
    }
    if (answer.outcome === "refused") return null;
    if (answer.outcome !== "ok" && answer.outcome !== "unchanged") throw new Unreachable(answer.retryAfterMs);
    if (answer.outcome === "ok") this.#show(answer);
    if (this.#staleCase) await this.#refreshCase();
    return EVERY_MS;
  }

  #show({ data, etag }) {
    const came = data.messages.filter((message) => this.#log.add(message));
    this.#after = data.messages.at(-1)?.seq ?? this.#after;
    this.#etag = data.messages.length > 0 ? null : etag; // the next question is another one
    this.#announce(came);
    this.#write(data.writing);
    this.#tag(data.status);
    const seen = JSON.stringify([data.status, data.assignee, data.assistant, data.subject, data.summary, data.summary_state, data.waiting_since]);
    this.#staleCase ||= came.length > 0 || (this.#seen !== null && this.#seen !== seen);
    this.#seen = seen;
  }

  #announce(came) {
    const others = came.filter((message) => message.role === "client");
    if (others.length === 0) return;
    const name = this.#root.dataset.customer;
    this.#desk.tell(this.#desk.texts.say("script.said", { name, text: others.at(-1).content }));
  }

  #write(names) {
    if (!this.#writing) return;
    this.#writing.hidden = names.length === 0;
    if (names.length === 0) return;
    const text = this.#desk.texts.say(`script.writing.${names.length === 1 ? "one" : "other"}`, { names: names.join(", ") });
    if (this.#writing.textContent !== text) this.#writing.textContent = text;
  }

  #tag(status) {
    if (this.#root.dataset.status === status) return;
    this.#root.dataset.status = status;
    const tag = document.querySelector(`template[data-template="status-${status}"]`).content.cloneNode(true);
    this.#root.querySelector(".facts .tag").replaceWith(tag);
  }

  #said(message) {
    this.#log.add(message);
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
