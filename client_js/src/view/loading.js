/** @import { Position } from "../core/position.js" */
import { backoff } from "../core/backoff.js";
import { MAX_RETRY_MILLISECONDS } from "../core/machine.js";
import { positionOf } from "../core/position.js";
import { addressOf, authorized, parse } from "../transports/transport.js";
import { parseHtml } from "./html.js";

/** Time limit of one request. */
const LOAD_MILLISECONDS = 15_000;

/**
 * Load the element from the server; try again until it succeeds, or the server refuses.
 *
 * @param {URL} blog the address of its page
 * @param {string | undefined} language of its texts
 * @param {Access} access
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement | number | null>} a close code if the server refuses; null after the signal
 */
export async function markupOf(blog, language, access, signal) {
  let isRenewed = false;
  const address = addressOf({ blog, cursor: null }, "embed");
  if (language) address.searchParams.set("lang", language);
  for (let failures = 0; !signal.aborted; failures += 1) {
    const { text, retry, status } = await load(address, signal, access.token);
    if (status === 403 || (status === 401 && isRenewed)) return 4000 + status;
    if (status === 401) {
      isRenewed = await access.renew().then(() => true, () => false);
      if (isRenewed) continue;
    }
    /** @type {HTMLElement | null} */
    const own = parseHtml(text).querySelector("live-blog[data-style]"); // an error page may have another <live-blog>
    if (own) return own;
    await pause(Math.min(MAX_RETRY_MILLISECONDS, backoff(failures, Math.random) + retry), signal);
  }
  return null;
}

/**
 * The token for a private blog, and how to get a new one.
 *
 * @typedef {{token: string | null, renew: () => Promise<string | null>}} Access
 */

/**
 * Load a style sheet for a shadow root. If that fails, return an empty one: the blog is readable without it.
 *
 * @param {URL} address
 * @param {Document} document where it is for
 * @param {AbortSignal} signal
 * @returns {Promise<CSSStyleSheet | HTMLElement>} a link in Safari before 16.4, which has no style sheets without one
 */
export async function styleSheet(address, { defaultView }, signal) {
  const { text } = await load(address, signal);
  const { CSSStyleSheet, Document } = /** @type {typeof globalThis} */ (/** @type {unknown} */ (defaultView ?? globalThis));
  if ("adoptedStyleSheets" in Document.prototype) return new CSSStyleSheet().replace(text);
  return Object.assign(document.createElement("link"), { rel: "stylesheet", href: address.href });
}

/**
 * Ask the server where a blog has an entry.
 *
 * @param {URL} blog
 * @param {string} id
 * @param {string | null} token
 * @param {AbortSignal} signal
 * @returns {Promise<Position | null | undefined>} null if it does not have it, undefined if it does not say
 */
export async function positionAt(blog, id, token, signal) {
  const address = addressOf({ blog, cursor: null }, `entries/${id}`);
  const { text } = await load(address, signal, token, "application/json");
  const entry = parse(text);
  return entry?.id === id ? positionOf(entry) : entry?.status === 404 ? null : undefined;
}

/**
 * Load a text, which is empty if there is no answer.
 *
 * @param {URL} address
 * @param {AbortSignal} signal
 * @param {string | null} [token]
 * @param {string} [accept]
 * @returns {Promise<{text: string, retry: number, status?: number}>} `retry`: milliseconds to wait before asking again
 */
async function load(address, signal, token, accept = "*/*") {
  const aborter = new AbortController();
  const abort = () => aborter.abort();
  const timer = setTimeout(abort, LOAD_MILLISECONDS);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const answer = await fetch(address, authorized(token, { headers: { accept }, signal: aborter.signal }));
    // `|| 0` because Retry-After may be a date
    const retry = 1_000 * Number(answer.headers.get("retry-after")) || 0;
    return { text: await answer.text(), retry, status: answer.status };
  } catch {
    return { text: "", retry: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Wait for a time, or until the signal.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });
}
