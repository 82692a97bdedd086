// What the assistant proposes: put into an empty answer, offered beside one that holds text.

import { Poller, Unreachable, call } from "../server.js";

export class Proposal {
  #form;
  #box;
  #desk;
  #put;
  #button;
  #text = "";

  /** `put(text, {instead})` writes into the answer. */
  constructor(form, desk, { put }) {
    this.#form = form;
    this.#box = form.querySelector("[data-proposal]");
    this.#desk = desk;
    this.#put = put;
    this.#button = form.querySelector("[data-propose]");
    this.#button.addEventListener("click", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#choice("replace", () => this.#put(this.#text, { instead: true }));
    this.#choice("append", () => this.#put(this.#text));
    this.#choice("ignore", () => this.#form.elements.content.focus());
    this.#button.disabled = false; // a button that cannot have the focus would lose it: from here on it says so instead
    if (this.#box.dataset.job) this.#follow(this.#box.dataset.job, Number(this.#box.dataset.pollAfter));
  }

  hide() {
    this.#box.hidden = true;
  }

  /** Follow a proposal's job until it has ended. */
  #follow(jobId, delay) {
    this.#button.setAttribute("aria-disabled", "true");
    this.#say("script.proposal_pending");
    new Poller(() => this.#poll(jobId), this.#desk.link, delay);
  }

  async #ask() {
    if (this.#button.getAttribute("aria-disabled") === "true") return;
    this.#button.setAttribute("aria-disabled", "true");
    const answer = await call("POST", `/api/conversations/${this.#desk.conversation}/proposal`);
    if (answer.outcome === "ok") {
      this.#follow(answer.data.job.id, answer.data.job.poll_after_ms ?? 0);
      return;
    }
    this.#button.removeAttribute("aria-disabled");
    if (answer.outcome === "signed_out") this.#desk.sessionEnded();
    else this.#say("script.proposal_failed");
  }

  async #poll(jobId) {
    const { outcome, data, retryAfterMs } = await call("GET", `/api/jobs/${jobId}`);
    if (outcome === "signed_out" || outcome === "refused") return null;
    if (outcome !== "ok") throw new Unreachable(retryAfterMs);
    if (!data.finished_at) return data.poll_after_ms ?? 1000;
    this.#button.removeAttribute("aria-disabled");
    if (data.status === "succeeded") this.#show(data.result);
    else this.#say("script.proposal_failed");
    return null;
  }

  #show({ text, sources, internal }) {
    this.#text = text;
    this.#clear();
    if (!text) {
      this.#say("script.proposal_none");
      return;
    }
    this.#part("sources").append(...sources.map((source) => this.#chip(source)));
    this.#part("internal").hidden = !internal;
    if (this.#form.elements.content.value.trim() === "") {
      this.#put(text);
      this.#say("script.proposal_ready");
      return;
    }
    this.#part("text").textContent = text;
    this.#part("text").hidden = false;
    this.#part("choices").hidden = false;
    this.#say("script.proposal_asked");
  }

  #chip(source) {
    const item = document.querySelector('template[data-template="chip"]').content.firstElementChild.cloneNode(true);
    item.firstElementChild.href = `${source.url}#passage`;
    item.firstElementChild.title = source.excerpt;
    item.querySelector(".number").textContent = source.n;
    item.querySelector(".chip-title").textContent = source.page ? `${source.title}, ${this.#desk.texts.say("chat.page", { page: source.page })}` : source.title;
    return item;
  }

  #say(key) {
    const text = this.#desk.texts.say(key);
    this.#box.hidden = false;
    this.#part("state").textContent = text;
    this.#box.scrollIntoView({ block: "nearest" });
    this.#desk.tell(text);
  }

  #clear() {
    this.#part("text").hidden = true;
    this.#part("internal").hidden = true;
    this.#part("choices").hidden = true;
    this.#part("sources").replaceChildren();
    this.#box.querySelector("[data-plain]")?.remove();
  }

  #choice(name, act) {
    this.#box.querySelector(`[data-proposal-${name}]`).addEventListener("click", () => {
      this.#part("text").hidden = true;
      this.#part("choices").hidden = true;
      if (name === "ignore") this.hide();
      act();
    });
  }

  #part(name) {
    return this.#box.querySelector(`[data-proposal-${name}]`);
  }
}
