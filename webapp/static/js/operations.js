// The page of operations, kept fresh: a small answer tells whether anything changed, then the parts that did are put in.

import { Poller, Unreachable, call } from "./server.js";

const EVERY_MS = 5000;
const QUIET_LINK = { reached() {}, lost() {}, forget() {} }; // what stands on the page stays true to its minute

let etag = null;

new Poller(
  async () => {
    const answer = await call("GET", "/api/operations", { etag });
    if (answer.outcome === "unreachable" || answer.outcome === "busy") throw new Unreachable(answer.retryAfterMs);
    if (answer.outcome === "signed_out" || answer.outcome === "refused") return null;
    if (answer.outcome === "ok") {
      if (etag) await refresh();
      etag = answer.etag;
    }
    return EVERY_MS;
  },
  QUIET_LINK,
);
document.querySelector("[data-still]").hidden = false;

/** Put in the parts that differ; one in which somebody is, is left until they have gone on. */
async function refresh() {
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!response.ok) throw new Unreachable();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.querySelector(`[data-fresh="${part.dataset.fresh}"]`);
    const isHeld = part.contains(document.activeElement);
    if (fresh && !isHeld && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
  }
}
