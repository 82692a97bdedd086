// Asking again and again, calmly: as often as told, slower when nobody answers, not at all while nobody looks.

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30000;

/** Return the pause before try number `failures` + 1: doubling, between a half and the whole of it at random. */
export function backoff(failures) {
  const whole = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
  return whole / 2 + (Math.random() * whole) / 2;
}

/**
 * Repeat `ask` until it says stop.
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
