// Talking to the server: one function, what came of it in one shape, nothing thrown.

const CSRF_COOKIE = /(?:^|;\s*)[^=;]*csrf_access_token=([^;]*)/;
const TIMEOUT_MS = 20000;

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

/** Send a request; the session is renewed once when its token has run out or its CSRF value is another's. */
export async function call(method, path, { body, key, etag } = {}) {
  const answer = await send(method, path, { body, key, etag });
  const stale = answer.status === 401 || (answer.status === 403 && method !== "GET");
  if (!stale) return answer;
  const renewal = await refreshSession();
  if (renewal.outcome === "ok") return send(method, path, { body, key, etag });
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
    return { outcome: "unreachable", status: 0, data: null, etag: null, retryAfterMs: null };
  }
}

async function read(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const data = isJson ? await response.json() : null;
  return {
    outcome: outcomeOf(response, isJson),
    status: response.status,
    data,
    etag: response.headers.get("ETag"),
    retryAfterMs: seconds(response.headers.get("Retry-After")),
  };
}

function outcomeOf({ ok, status }, isJson) {
  if (status === 304) return "unchanged";
  if (ok) return isJson || status === 204 ? "ok" : "unreachable"; // a portal or proxy page is not our answer
  if (status === 401) return "signed_out";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 || !isJson ? "unreachable" : "refused";
}

function seconds(value) {
  const number = Number.parseInt(value ?? "", 10);
  return Number.isNaN(number) ? null : number * 1000;
}

function csrfToken() {
  const match = CSRF_COOKIE.exec(document.cookie);
  return match ? decodeURIComponent(match[1]) : "";
}

/** Renew the session, once at a time for the whole page: the server rotates what it renews with. */
function refreshSession() {
  refreshing ??= send("POST", "/api/auth/refresh", {}).finally(() => {
    refreshing = null;
  });
  return refreshing;
}
