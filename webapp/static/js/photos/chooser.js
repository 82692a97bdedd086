// The files somebody chose to send: seen, named, removable, checked before they leave; kept until the server has them.

import { upload } from "./upload.js";

const MOST = 5;
const LARGEST = 10 * 1024 * 1024;
const FACE_PX = 96;
const TYPES = new Set(["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/gif", "application/pdf"]);
const ENDINGS = /\.(?:jpe?g|png|webp|heic|heif|gif|pdf)$/i;

export class Chooser {
  #tray;
  #list;
  #texts;
  #tell;
  #onChange;
  #picks = [];
  #locked = false;

  /** `tell(text)` says something aloud; `onChange()` hears that there are other files than before. */
  constructor(form, { texts, tell, onChange }) {
    this.#tray = form.querySelector("[data-photo-tray]");
    this.#list = this.#part("picks");
    this.#texts = texts;
    this.#tell = tell;
    this.#onChange = onChange;
  }

  get isEmpty() {
    return this.#picks.length === 0;
  }

  get count() {
    return this.#picks.length;
  }

  /** What tells these files from others: a key belongs to them as it does to the text. */
  get signature() {
    return this.#picks.map(({ file }) => `${file.name}/${file.size}/${file.lastModified}`).join("\n");
  }

  /** Take files in; what cannot be sent is named with its reason, the others are kept. */
  add(files) {
    if (this.#locked) return;
    const faults = [];
    for (const file of files) {
      const fault = this.#fault(file);
      if (fault) faults.push(this.#say(fault, { name: file.name }));
      else this.#keep(file);
    }
    this.#show(faults.join(" "));
  }

  /** Send them with `fields`; the answer has the shape of every other call's. */
  async send(path, fields, key) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    for (const { file } of this.#picks) form.append("images", file, file.name);
    this.#part("progress").hidden = false;
    this.#progress(0);
    const answer = await upload(path, form, { key, onProgress: (share) => this.#progress(share) });
    this.#part("progress").hidden = true;
    return answer;
  }

  /** Nothing can be changed while it is under way. */
  lock(locked) {
    this.#locked = locked;
    if (locked) this.#part("fault").hidden = true; // what could not be sent is no news any more
    for (const button of this.#list.querySelectorAll("[data-remove]")) button.disabled = locked;
  }

  /** Give up the files, for the message that now holds them: their faces, in order. */
  take() {
    const faces = this.#picks.map(({ item }) => item.querySelector("canvas"));
    this.#picks = [];
    this.#list.replaceChildren();
    this.#show("");
    return faces;
  }

  #fault(file) {
    if (this.#picks.length >= MOST) return "too_many";
    if (file.size === 0) return "empty";
    if (file.size > LARGEST) return "too_large";
    return TYPES.has(file.type) || ENDINGS.test(file.name) ? null : "wrong_type";
  }

  #keep(file) {
    const item = this.#tray.querySelector('[data-template="photo-pick"]').content.firstElementChild.cloneNode(true);
    for (const name of item.querySelectorAll("[data-name]")) name.textContent = file.name;
    if (!isDocument(file)) useIcon(item.querySelector(".photo-face use"), "picture");
    item.querySelector("[data-size]").textContent = this.#size(file.size);
    const pick = { file, item };
    item.querySelector("[data-remove]").addEventListener("click", () => this.#remove(pick));
    this.#picks.push(pick);
    this.#list.append(item);
    drawFace(file, item.querySelector(".photo-face"));
    this.#tell(this.#say("added", { name: file.name }));
  }

  #remove(pick) {
    if (this.#locked) return;
    const at = this.#picks.indexOf(pick);
    this.#picks.splice(at, 1);
    pick.item.remove();
    this.#show("");
    this.#tell(this.#say("removed", { name: pick.file.name }));
    const next = this.#picks[Math.min(at, this.#picks.length - 1)]?.item.querySelector("[data-remove]");
    (next ?? this.#tray.closest("form").querySelector("textarea")).focus();
  }

  #show(fault) {
    this.#list.hidden = this.isEmpty;
    this.#part("fault").hidden = fault === "";
    this.#part("fault").textContent = fault;
    if (fault) this.#tell(fault);
    this.#onChange();
  }

  #progress(share) {
    const percent = Math.floor(share * 100);
    this.#tray.querySelector("progress").value = percent;
    this.#part("said").textContent = percent < 100 ? this.#say("sending", { n: percent }) : this.#say("sent");
  }

  #size(bytes) {
    const [unit, size] = bytes >= 1_000_000 ? ["size_mb", bytes / 1_000_000] : ["size_kb", Math.max(1, Math.round(bytes / 1000))];
    return this.#say(unit, { n: size.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }) });
  }

  #say(key, values) {
    return this.#texts.say(`attachments.script.${key}`, values);
  }

  #part(name) {
    return this.#tray.querySelector(`[data-photo-${name}]`);
  }
}

function isDocument(file) {
  return file.type === "application/pdf" || /\.pdf$/i.test(file.name);
}

function useIcon(use, name) {
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
}

/** Draw a picture small, upright and cropped to a square; on a canvas, so that no address of it is needed. */
async function drawFace(file, place) {
  if (isDocument(file)) return;
  const picture = await createImageBitmap(file).catch(() => null); // a kind this browser cannot show keeps its mark
  if (!picture) return;
  const canvas = document.createElement("canvas");
  const side = Math.min(picture.width, picture.height);
  canvas.width = canvas.height = FACE_PX * 2;
  canvas.setAttribute("aria-hidden", "true");
  canvas.getContext("2d").drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
  picture.close();
  place.replaceChildren(canvas);
}
