// The list of conversations, brought up to date in place: focus and scroll stay, what is new is said once.

import { Unreachable, call } from "../server.js";

const EVERY_MS = 5000;
const TIMEOUT_MS = 20000;
const PLACE = "sav:desk:scroll";

export class List {
  #rows;
  #url;
  #desk;
  #etag = null;
  #poller;

  constructor(root, desk) {
    this.#rows = root.querySelector("[data-rows]");
    this.#url = root.dataset.listUrl;
    this.#desk = desk;
    this.#keepScroll();
    this.#poller = desk.poll(() => this.#ask(), EVERY_MS);
  }

  get links() {
    return Array.from(this.#rows.querySelectorAll("a.row"));
  }

  get current() {
    return this.#rows.querySelector("a.row[aria-current]");
  }

  holds(element) {
    return this.#rows.contains(element);
  }

  refresh() {
    this.#poller.now();
  }

  async #ask() {
    const response = await this.#fetch();
    if (response.status === 304) return EVERY_MS;
    if (!response.ok) return this.#renew(response);
    this.#etag = response.headers.get("ETag");
    this.#show(await response.text());
    return EVERY_MS;
  }

  async #fetch() {
    const headers = { Accept: "text/html", "Accept-Language": document.documentElement.lang };
    if (this.#etag) headers["If-None-Match"] = this.#etag;
    try {
      return await fetch(this.#url, { headers, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch {
      throw new Unreachable();
    }
  }

  /** A page that is no longer ours to read leads to the sign-in: renew the session, or say that it is over. */
  async #renew(response) {
    if (response.type !== "opaqueredirect") throw new Unreachable();
    const me = await call("GET", "/api/auth/me");
    if (me.outcome === "signed_out") {
      this.#desk.sessionEnded();
      return null;
    }
    if (me.outcome !== "ok") throw new Unreachable(me.retryAfterMs);
    return 0;
  }

  #show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html; // our own page's part
    const before = this.#news(this.#rows);
    const focused = this.#rows.contains(document.activeElement) ? document.activeElement.closest("[data-id]")?.dataset.id : null;
    const top = this.#rows.scrollTop;
    this.#merge(fresh.content);
    this.#rows.scrollTop = top;
    if (focused && !this.#rows.contains(document.activeElement)) this.#rows.querySelector(`[data-id="${focused}"] a`)?.focus({ preventScroll: true });
    this.#announce(before, this.#news(this.#rows));
  }

  /** Rows stay the very elements they are, whatever they say; where the list has another shape it is replaced. */
  #merge(fresh) {
    const shape = (node) => Array.from(node.querySelectorAll("[data-list]"), (list) => list.dataset.list).join();
    const rest = (node) => Array.from(node.children, (child) => (child.querySelector("[data-list]") ? "" : child.outerHTML)).join();
    if (shape(fresh) !== shape(this.#rows) || rest(fresh) !== rest(this.#rows)) {
      this.#rows.replaceChildren(fresh);
      return;
    }
    for (const list of this.#rows.querySelectorAll("[data-list]")) {
      mergeRows(list, fresh.querySelector(`[data-list="${list.dataset.list}"]`));
    }
  }

  /** What the customers said that nobody has read, other than in the conversation that is open. */
  #news(node) {
    const rows = Array.from(node.querySelectorAll("[data-news]"));
    return new Map(rows.filter((row) => row.dataset.id !== this.#desk.conversation).map((row) => [row.dataset.id, row]));
  }

  #announce(before, after) {
    const isNew = ([id, row]) => before.get(id)?.dataset.news !== row.dataset.news;
    const news = Array.from(after).filter(isNew).map(([, row]) => row);
    if (news.length === 1) this.#desk.tell(this.#desk.texts.say("script.news_one", { name: news[0].dataset.name }));
    else if (news.length > 1) this.#desk.tell(this.#desk.texts.say("script.news_many", { n: news.length }));
  }

  /** The list stays where it was when a conversation is opened from it. */
  #keepScroll() {
    const kept = Number(sessionStorage.getItem(PLACE) ?? 0);
    if (kept) this.#rows.scrollTop = kept;
    addEventListener("pagehide", () => sessionStorage.setItem(PLACE, String(this.#rows.scrollTop)));
  }
}

/** Say in a row what its fresh self says; its link stays the very element that may have the focus, or gets it back. */
function renew(mine, fresh) {
  if (mine.outerHTML === fresh.outerHTML) return;
  const [link, other] = [mine, fresh].map((row) => row.querySelector("a.row"));
  copyAttributes(mine, fresh);
  copyAttributes(link, other);
  link.replaceChildren(...other.childNodes);
}

function copyAttributes(mine, fresh) {
  for (const name of mine.getAttributeNames()) if (!fresh.hasAttribute(name)) mine.removeAttribute(name);
  for (const { name, value } of fresh.attributes) mine.setAttribute(name, value);
}

function mergeRows(list, fresh) {
  const old = new Map(Array.from(list.children, (row) => [row.dataset.id, row]));
  let place = list.firstElementChild;
  for (const row of Array.from(fresh.children)) {
    const mine = old.get(row.dataset.id);
    old.delete(row.dataset.id);
    if (mine) renew(mine, row);
    const kept = mine ?? row;
    if (kept === place) place = place.nextElementSibling;
    else list.insertBefore(kept, place);
  }
  for (const gone of old.values()) gone.remove();
}
