/** @import { Problem, Verdict } from "../types.js" */

/** Statuses of a server, or of a proxy in front of it, that cannot answer now. */
const LATER = [408, 425, 429, 502, 503, 504];

/**
 * Decide what the answer to a write means.
 *
 * @param {number} status
 * @param {{get(name: string): string | null}} headers
 * @param {any} content the JSON of the body; undefined if it is none
 * @param {number} now in milliseconds
 * @returns {Verdict}
 */
export function verdictOf(status, headers, content, now) {
  if (status < 400) {
    // Networks with a sign-in page of their own answer anything with it, or lead to it
    const isOurs = headers.get("stoppress-cursor") !== null || typeof content === "object" || status === 204;
    if (isOurs && status >= 200 && status < 300) return { kind: "done", status, content, version: versionOf(headers) };
    return { kind: "later", seconds: null, detail: "Something between this browser and Stoppress answers for it." };
  }
  const problem = problemOf(status, headers, content);
  if (status === 401 || status === 403) return { kind: "who", problem };
  if (LATER.includes(status)) return { kind: "later", seconds: retryAfter(headers, now), detail: problem.detail };
  if (status >= 500) return { kind: "later", seconds: null, detail: problem.detail, isFault: true };
  if (status === 412 && problem.current) return { kind: "conflict", problem };
  return { kind: "returned", problem };
}

/**
 * @param {number} status
 * @param {{get(name: string): string | null}} headers
 * @param {any} content
 * @returns {Problem}
 */
function problemOf(status, headers, content) {
  const { detail, field, entry, header, draft, epoch } = content ?? {};
  const problem = { status, detail: typeof detail === "string" ? detail : `The server answered ${status}.` };
  const taken = draft ? { draft, epoch } : {};
  return { ...problem, ...(field && { field }), ...taken, current: entry ?? header, version: versionOf(headers) ?? undefined };
}

/** @param {{get(name: string): string | null}} headers */
function versionOf(headers) {
  const found = /^"([0-9]{1,15})"$/.exec(headers.get("etag") ?? "");
  return found ? Number(found[1]) : null;
}

/**
 * Return the seconds that `Retry-After` asks for: a number, or a date (RFC 9110, section 10.2.3).
 *
 * @param {{get(name: string): string | null}} headers
 * @param {number} now
 */
function retryAfter(headers, now) {
  const text = headers.get("retry-after");
  if (!text) return null;
  const seconds = /^[0-9]+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
