// The chat page: what is sent, what comes back, who answers.

import { Composer } from "./composer.js";
import { Log } from "./messages.js";
import { Poller, Unreachable, call } from "./server.js";
import { Announcer, Link, Texts } from "./status.js";

const WATCH_MS = 5000;

const root = document.querySelector("[data-chat]");
const texts = new Texts(JSON.parse(root.dataset.texts), root.dataset.language);
const log = new Log(root, texts);
const announcer = new Announcer(root, texts);
const pollers = new Set();
const link = new Link(root, texts, {
  onRetry: () => pollers.forEach((poller) => poller.now()),
  tell: (text) => announcer.tell(text),
});
const followed = new Set();

let conversation = root.dataset.conversation;
let after = Number(root.dataset.after);
let watcher = null;
let isOver = false;
let enclosed = null;

const here = conversation ? `/chat/${conversation}` : "/chat";
if (location.pathname !== here) history.replaceState(null, "", here); // the answer to a form: reloading must not send it again

const form = root.querySelector("[data-composer]");
const composer = new Composer(form, {
  account: root.dataset.account,
  conversation,
  texts,
  kept: "kept" in root.dataset,
  onAccepted: accepted,
  onNotice: (text) => announcer.tell(text),
});

for (const item of root.querySelectorAll("[data-job]")) {
  follow(item.dataset.job, item.dataset.message, Number(item.dataset.pollAfter));
}
if (conversation) watch();
if (root.querySelector("[data-feedback]")) rateable();
if (root.querySelector('[data-attachment][data-state="pending"], [data-fact-form]')) files().catch(() => {});
offerExamples();
document.querySelector(".ask-person")?.addEventListener("click", askForAPerson);

function poll(ask, delay) {
  const poller = new Poller(ask, link, delay);
  pollers.add(poller);
  return poller;
}

/** The server has taken a message: show it, and follow its reply. */
function accepted({ conversation_id: id, message, job }, person, faces) {
  if (isOver) {
    location.assign(`/chat/${id}`); // signed in again in another tab: what had stopped begins anew
    return;
  }
  if (!conversation) begin(id);
  log.add(message);
  log.toEnd();
  if (message.attachments.length > 0) files().then((part) => log.following(() => part.place(message, faces)), () => {});
  announcer.say("sent");
  if (job?.result?.message) ended(job, message.id);
  else if (!followed.has(job?.id)) log.live(message.id, job ? "received" : "person"); // else its follower says more
  if (job && !job.finished_at) follow(job.id, message.id, job.poll_after_ms ?? 0);
  if (person) handOver();
  watcher?.now();
}

/** A conversation has begun: from now on this page is its page. */
function begin(id) {
  conversation = id;
  root.dataset.conversation = id;
  const closed = root.querySelector("[data-closed]");
  closed.querySelector("form").action = `/conversations/${id}/reopen`;
  closed.querySelector("a").href = `/conversations/${id}`;
  root.querySelector("[data-welcome]")?.remove();
  history.replaceState(null, "", `/chat/${id}`);
  watch();
}

/** Follow a reply's job until it ends in the reply itself. */
function follow(jobId, messageId, delay) {
  if (followed.has(jobId)) return;
  followed.add(jobId);
  let etag = null;
  let pause = delay;
  let wasRunning = false;
  poll(async () => {
    const answer = heard(await call("GET", `/api/jobs/${jobId}`, { etag }));
    if (answer === null) return null;
    if (answer.outcome === "unchanged") return pause;
    ({ etag } = answer);
    const job = answer.data;
    pause = job.poll_after_ms ?? 1000;
    if (job.result?.message) return ended(job, messageId);
    if (job.finished_at) return null;
    const waits = enclosed?.isWaiting(messageId) ? "checking" : "queued";
    log.live(messageId, job.status === "running" ? "running" : waits, job);
    if (job.status === "running") {
      if (!wasRunning) announcer.say("writing");
      wasRunning = true;
    }
    log.draft(messageId, job.status === "running" ? (job.partial_text ?? "") : null);
    return pause;
  }, delay);
}

function ended(job, messageId) {
  log.draft(messageId, null);
  show(job.result.message);
  log.live(messageId, job.status === "handed_over" ? "handed_over" : "answered");
  watcher?.now();
  return null;
}

/** Show a message that came from the server, and say it once. */
function show(message) {
  if (!log.add(message)) return;
  if (message.reply_to) rateable();
  if (message.reply_to) log.live(message.reply_to, message.outcome === "handed_over" ? "handed_over" : "answered");
  if (message.role === "client") log.live(message.id, "received");
  const spoken = log.item(message.id).querySelector(".body").textContent.trim();
  if (message.role === "staff") announcer.say("person_answer", { name: message.author ?? "", text: spoken });
  else if (message.outcome === "handed_over") announcer.say("handed_over");
  else if (message.role === "assistant") announcer.say("answer", { text: spoken });
}

/** What shows files in messages comes with the first of them: the first visit stays light. */
async function files() {
  const { Shown } = await import("./photos/shown.js");
  enclosed ??= new Shown(root, { texts, tell: (text) => announcer.tell(text), change: (act) => log.following(act) });
  return enclosed;
}

async function showFiles(messages, facts) {
  const some = messages.filter((message) => message.attachments.length > 0);
  if (some.length === 0 && facts.length === 0) return;
  const part = await files().catch(() => {
    throw new Unreachable();
  });
  for (const message of some) await part.update(message);
  await part.read(facts);
}

/** Thumbs come with the first reply: the first visit stays light. */
function rateable() {
  import("./feedback.js").catch(() => {}); // away: the forms do the same with no script
}

/** Look for what others said: a person, another tab. */
function watch() {
  let etag = null;
  let from = after;
  watcher = poll(async () => {
    const wanted = enclosed?.from(after) ?? after;
    if (from !== wanted) etag = null;
    from = wanted;
    const answer = heard(await call("GET", `/api/conversations/${conversation}?after=${from}`, { etag }));
    if (answer === null) return null;
    if (answer.outcome === "unchanged") return enclosed?.pause(WATCH_MS) ?? WATCH_MS;
    ({ etag } = answer);
    const { messages, jobs, more } = answer.data;
    messages.forEach(show);
    await showFiles(messages, answer.data.facts);
    after = Math.max(after, messages.at(-1)?.seq ?? 0);
    jobs.filter((job) => job.kind === "reply").forEach((job) => follow(job.id, job.message_id, 0));
    takeStance(answer.data);
    return more ? 0 : (enclosed?.pause(WATCH_MS) ?? WATCH_MS);
  }, WATCH_MS);
}

/** Sort an answer: null when nothing more can be asked. */
function heard(answer) {
  if (answer.outcome === "ok" || answer.outcome === "unchanged") return answer;
  if (answer.outcome === "signed_out") sessionEnded();
  else if (answer.outcome === "refused") return null;
  else throw new Unreachable(answer.retryAfterMs);
  return null;
}

/** Say it where the text is; where there is no composer, at the head of the page. */
function sessionEnded() {
  isOver = true;
  if (root.dataset.stance !== "closed") {
    composer.sessionEnded();
    return;
  }
  const signIn = document.createElement("a");
  signIn.href = `/login?next=${encodeURIComponent(location.pathname)}`;
  signIn.textContent = texts.say("link.sign_in_again");
  link.insist(texts.say("link.session_ended"), signIn);
}

function takeStance({ status, assistant, standing }) {
  const told = root.querySelector("[data-standing]");
  told.textContent = standing?.sentence ?? told.dataset.presence; // who answers and when, or who is there
  const before = root.dataset.stance;
  const open = assistant === "on" ? "program" : "person";
  const stance = { closed: "closed", waiting_staff: "waiting" }[status] ?? open;
  root.dataset.assistant = assistant;
  if (stance === before) return;
  root.dataset.stance = stance;
  if (stance === "closed") closed();
  else if (before === "closed") announcer.say("reopened");
  else if (stance === "person") announcer.say("person_joined");
}

/** Somebody has closed the case: what stands in the composer stays in sight, an empty one gives way to what is left. */
function closed() {
  const isWritten = !composer.isEmpty;
  const hadFocus = form.contains(document.activeElement);
  root.toggleAttribute("data-kept", isWritten);
  announcer.say("closed");
  if (hadFocus && !isWritten) root.querySelector("[data-closed]").focus();
}

async function askForAPerson(event) {
  event.preventDefault();
  if (!composer.isEmpty) {
    composer.person = true;
    composer.submit();
  } else if (conversation) {
    await handOver();
  } else {
    composer.person = true;
    composer.focus();
  }
}

async function handOver() {
  const answer = await call("POST", `/api/conversations/${conversation}/handoff`, { body: {} });
  if (answer.outcome === "ok") takeStance(answer.data);
  else if (answer.outcome === "signed_out") sessionEnded();
  else if (answer.outcome !== "refused") setTimeout(handOver, answer.retryAfterMs ?? 2000); // asking twice changes nothing
  watcher?.now();
}

function offerExamples() {
  for (const example of root.querySelectorAll(".examples li")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = example.textContent;
    button.addEventListener("click", () => composer.suggest(button.textContent));
    example.replaceChildren(button);
  }
}
