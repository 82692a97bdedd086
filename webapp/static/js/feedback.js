// Thumbs under a reply, without a reload. The forms do the same with no script.

import { call } from "./server.js";

document.addEventListener("submit", (event) => {
  const box = event.target.closest("[data-feedback]");
  if (!box) return;
  event.preventDefault();
  rate(box, event.submitter?.value ?? "down", event.target);
});

async function rate(box, rating, form) {
  const comment = form.elements.comment?.value.trim();
  const id = box.closest("[data-message]").dataset.message;
  const body = comment ? { rating, comment } : { rating };
  const answer = await call("POST", `/api/messages/${id}/feedback`, { body });
  if (answer.outcome === "signed_out" && comment) {
    form.action = `/messages/${id}/feedback`; // a form that came with a reply names neither it nor its page
    form.elements.next.value = location.pathname;
    form.submit(); // the server keeps the words through the sign-in, and gives them back
    return;
  }
  const isKept = answer.outcome === "ok";
  const said = isKept ? box.dataset.kept : box.dataset.failed;
  box.querySelector("[data-said]").textContent = said;
  document.querySelector("[data-live]").textContent = said; // the page's one status region
  if (isKept) show(box, rating, Boolean(comment));
}

/** Show the rating as it stands; after a thumb down, a place to say why. */
function show(box, rating, isExplained) {
  for (const thumb of box.querySelectorAll(".thumb")) thumb.setAttribute("aria-pressed", String(thumb.value === rating));
  const why = box.querySelector("[data-why]");
  why.hidden = rating !== "down";
  why.open = rating === "down" && !isExplained;
}
