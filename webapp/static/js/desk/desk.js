// The desk: the list that keeps itself up to date, the conversation that is open, the keys.

import { Poller } from "../server.js";
import { Announcer, Link, Texts } from "../status.js";
import { Keys } from "./keys.js";
import { List } from "./list.js";
import { Talk } from "./talk.js";

const root = document.querySelector("[data-desk]");
const texts = new Texts(JSON.parse(root.dataset.texts), root.dataset.language);
const announcer = new Announcer(root, texts);
const pollers = new Set();
const link = new Link(root, texts, {
  onRetry: () => pollers.forEach((poller) => poller.now()),
  tell: (text) => announcer.tell(text),
});

const desk = {
  texts,
  link,
  account: root.dataset.account,
  conversation: root.dataset.conversation,
  tell: (text) => announcer.tell(text),
  poll(ask, delay) {
    const poller = new Poller(ask, link, delay);
    pollers.add(poller);
    return poller;
  },
  sessionEnded() {
    const again = document.createElement("a");
    again.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    again.textContent = texts.say("link.sign_in_again");
    again.addEventListener("click", keepTyped);
    pollers.forEach((poller) => poller.stop());
    link.insist(texts.say("script.session"), again);
    announcer.tell(texts.say("script.session"));
  },
};

/** A form that is open goes along: the server keeps what stands in it through the sign-in, and gives it back. */
function keepTyped(event) {
  const form = document.querySelector("details[open] > form[data-keep]");
  if (!form) return;
  event.preventDefault();
  form.submit();
}

const list = new List(root, desk);
const talkRoot = document.querySelector("[data-talk]");
const talk = talkRoot && new Talk(talkRoot, desk, { onNews: () => list.refresh() });
new Keys(root, desk, { list, talk });
