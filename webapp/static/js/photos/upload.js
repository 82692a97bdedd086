// Sending files: told how far it is, given up when nothing moves, answered in the shape of every other call.

import { answerOf, csrfToken, renewing, UNREACHABLE } from "../server.js";

const STALL_MS = 60000;

/** Send a form with its files; `onProgress(share)` hears of each step, 0 to 1. */
export function upload(path, form, { key, onProgress }) {
  return renewing("POST", () => send(path, form, key, onProgress));
}

function send(path, form, key, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch cannot tell how much has left
    let timer = 0;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALL_MS);
    };
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      wait();
      onProgress(total ? loaded / total : 0);
    });
    request.addEventListener("loadend", () => {
      clearTimeout(timer);
      resolve(read(request));
    });
    request.open("POST", path);
    const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang, "Idempotency-Key": key, "X-CSRF-TOKEN": csrfToken() };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    wait();
    request.send(form);
  });
}

/** An answer that was cut is none: the same key asks again. */
function read(request) {
  const isJson = (request.getResponseHeader("Content-Type") ?? "").includes("json");
  try {
    const data = isJson ? JSON.parse(request.responseText) : null;
    return request.status ? answerOf(request.status, data, (name) => request.getResponseHeader(name)) : UNREACHABLE;
  } catch {
    return UNREACHABLE;
  }
}
