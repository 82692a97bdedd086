// Single letters, only while the list has the focus, and not at all where somebody has switched them off.

import { call } from "../server.js";

const OFF = "sav:desk:keys-off";
const CAME = "sav:desk:came"; // from the list by key: the next page puts the focus where it was meant to go

export class Keys {
  #desk;
  #list;
  #talk;
  #dialog;
  #search;

  constructor(root, desk, { list, talk }) {
    this.#desk = desk;
    this.#list = list;
    this.#talk = talk;
    this.#dialog = root.querySelector("[data-keys]");
    this.#search = root.querySelector("[data-search]");
    this.#offer(root);
    root.querySelector("[data-rows]").addEventListener("keydown", (event) => this.#pressed(event));
    this.#arrive();
  }

  #offer(root) {
    const button = root.querySelector("[data-keys-show]");
    button.hidden = false;
    button.addEventListener("click", () => this.#dialog.showModal());
    const box = root.querySelector("[data-keys-enabled]");
    box.checked = !read(localStorage, OFF);
    box.addEventListener("change", () => write(localStorage, OFF, box.checked ? null : "1"));
  }

  #pressed(event) {
    const link = event.target.closest("a.row");
    if (!link || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter") write(sessionStorage, CAME, "list");
    if (event.key.length > 1 || read(localStorage, OFF)) return;
    const act = this.#actions[event.key];
    if (!act) return;
    event.preventDefault();
    act(link);
  }

  #actions = {
    j: (link) => this.#step(link, 1),
    k: (link) => this.#step(link, -1),
    r: (link) => this.#reply(link),
    a: (link) => this.#take(link),
    "/": () => this.#search.focus(),
    "?": () => this.#dialog.showModal(),
  };

  #step(link, by) {
    const links = this.#list.links;
    links[links.indexOf(link) + by]?.focus();
  }

  #reply(link) {
    if (link === this.#list.current && this.#talk) {
      this.#talk.focus();
      return;
    }
    write(sessionStorage, CAME, "answer");
    link.click();
  }

  async #take(link) {
    const { id, name } = link.closest("[data-id]").dataset;
    const answer = await call("PATCH", `/api/conversations/${id}`, { body: { assignee_id: this.#desk.account } });
    if (answer.outcome === "signed_out") this.#desk.sessionEnded();
    else this.#desk.tell(answer.outcome === "ok" ? this.#desk.texts.say("script.taken", { name }) : (answer.data?.detail ?? this.#desk.texts.say("script.failed")));
    this.#list.refresh();
    this.#talk?.refresh();
  }

  #arrive() {
    const came = read(sessionStorage, CAME);
    write(sessionStorage, CAME, null);
    if (came === "answer") this.#talk?.focus();
    else if (came === "list") this.#list.current?.focus({ preventScroll: true });
  }
}

function read(storage, name) {
  try {
    return storage.getItem(name);
  } catch {
    return null; // storage is forbidden: nothing is remembered
  }
}

function write(storage, name, value) {
  try {
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // Idem.
  }
}
