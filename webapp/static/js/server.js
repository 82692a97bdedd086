// Talking to the server: once, with what came of it in one shape; or again and again, calmly.

const CSRF_COOKIE = `${document.documentElement.dataset.csrfCookie}=`; // another copy on this host has one of its own
const TIMEOUT_MS = 20000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30000;

let refreshing = null;

/**
 * @typedef {object} Answer
 * @property {"ok"|"unchanged"|"unreachable"|"busy"|"signed_out"|"refused"} outcome
 *   unreachable: no answer, or a fault of the server, safe to try again with the same key; busy: 429 or 503
 * @property {number} status
 * @property {any} data
 * @property {string|null} etag
 * @property {number|null} retryAfterMs
 */

export const UNREACHABLE = Object.freeze({ outcome: "unreachable", status: 0, data: null, etag: null, retryAfterMs: null });

/** Send a request, in a session that is renewed when it must be. */
export function call(method, path, { body, key, etag } = {}) {
  return renewing(method, () => send(method, path, { body, key, etag }));
}

/** Ask, and once more when the session's token had run out or its CSRF value was another's. */
export async function renewing(method, ask) {
  const answer = await ask();
  const stale = answer.status === 401 || (answer.status === 403 && method !== "GET");
  if (!stale) return answer;
  const renewal = await refreshSession();
  if (renewal.outcome === "ok") return ask();
  return renewal.outcome === "unreachable" || renewal.outcome === "busy" ? renewal : answer;
}

async function send(method, path, { body, key, etag }) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (etag) headers["If-None-Match"] = etag;
  if (method !== "GET") headers["X-CSRF-TOKEN"] = csrfToken();
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return await read(response);
  } catch {
    return UNREACHABLE;
  }
}

async function read(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  return answerOf(response.status, isJson ? await response.json() : null, (name) => response.headers.get(name));
}

/** Put what came back in the one shape; `data` is null when it was no JSON, `header(name)` reads the rest. */
export function answerOf(status, data, header) {
  return {
    outcome: outcomeOf(status, data !== null),
    status,
    data,
    etag: header("ETag"),
    retryAfterMs: seconds(header("Retry-After")),
  };
}

function outcomeOf(status, isJson) {
  if (status === 304) return "unchanged";
  if (status >= 200 && status < 300) return isJson || status === 204 ? "ok" : "unreachable"; // a portal or proxy page is not our answer
  if (status === 401) return "signed_out";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 || !isJson ? "unreachable" : "refused";
}

function seconds(value) {
  const number = Number.parseInt(value ?? "", 10);
  return Number.isNaN(number) ? null : number * 1000;
}

export function csrfToken() {
  const found = document.cookie.split("; ").find((each) => each.startsWith(CSRF_COOKIE));
  return found ? decodeURIComponent(found.slice(CSRF_COOKIE.length)) : "";
}

/** Renew the session, once at a time for the whole page: the server rotates what it renews with. */
function refreshSession() {
  refreshing ??= send("POST", "/api/auth/refresh", {}).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** Return the pause before try number `failures` + 1: doubling, between a half and the whole of it at random. */
export function backoff(failures) {
  const whole = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
  return whole / 2 + (Math.random() * whole) / 2;
}

/**
 * Repeat `ask` until it says stop: as often as told, slower when nobody answers, not at all while nobody looks.
 *
 * `ask` answers with the milliseconds until the next time, null for "never again", or throws Unreachable.
 * While the page is hidden nothing is asked; the moment it is seen again, or the network is back, it is asked at once.
 */
export class Poller {
  #ask;
  #link;
  #timer = 0;
  #running = false;
  #again = false;
  #failures = 0;
  #stopped = false;

  constructor(ask, link, firstDelay = 0) {
    this.#ask = ask;
    this.#link = link;
    for (const [target, event] of WAKERS) target.addEventListener(event, this.#wake);
    this.#later(firstDelay);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#link.forget(this);
    for (const [target, event] of WAKERS) target.removeEventListener(event, this.#wake);
  }

  /** Ask now; while an answer is under way, once more after it. */
  now() {
    this.#again = this.#running;
    if (!this.#running) this.#later(0);
  }

  #wake = () => {
    if (!document.hidden) this.now();
  };

  #later(delay) {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#turn(), delay);
  }

  async #turn() {
    if (this.#running || this.#stopped || document.hidden) return; // a hidden page is woken by being seen
    this.#running = true;
    const delay = await this.#askOnce();
    this.#running = false;
    if (delay === null) {
      this.stop();
    } else {
      this.#later(this.#again ? 0 : delay);
      this.#again = false;
    }
  }

  async #askOnce() {
    try {
      const delay = await this.#ask();
      this.#failures = 0;
      this.#link.reached(this);
      return delay;
    } catch (fault) {
      if (!(fault instanceof Unreachable)) console.error(fault);
      this.#failures += 1;
      const delay = fault.retryAfterMs ?? backoff(this.#failures);
      this.#link.lost(this, delay, this.#failures);
      return delay;
    }
  }
}

const WAKERS = [
  [document, "visibilitychange"],
  [window, "online"],
  [window, "pageshow"],
];

/** The server did not answer, or asked for a pause of `retryAfterMs`. */
export class Unreachable extends Error {
  constructor(retryAfterMs = null) {
    super("unreachable");
    this.retryAfterMs = retryAfterMs;
  }
}
