import { backoff } from "../core/backoff.js";
import { MAX_RETRY_MILLISECONDS } from "../core/machine.js";
import { addressOf } from "../transports/transport.js";
import { parseHtml } from "./html.js";

/** Time limit of one request. */
const LOAD_MILLISECONDS = 15_000;

/**
 * Load the element from the server; try again until it succeeds.
 *
 * @param {URL} blog the address of its page
 * @param {string | undefined} language of its texts
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement | null>} null after the signal
 */
export async function markupOf(blog, language, signal) {
  const address = addressOf({ blog, cursor: null }, "embed");
  if (language) address.searchParams.set("lang", language);
  for (let failures = 0; !signal.aborted; failures += 1) {
    const { text, retry } = await load(address, signal);
    /** @type {HTMLElement | null} */
    const own = parseHtml(text).querySelector("live-blog[data-style]"); // an error page may have another <live-blog>
    if (own) return own;
    await pause(Math.min(MAX_RETRY_MILLISECONDS, backoff(failures, Math.random) + retry), signal);
  }
  return null;
}

/**
 * Load a style sheet. If that fails, return an empty one: the blog is readable without it.
 *
 * @param {URL} address
 * @param {Document} document where it is for
 * @param {AbortSignal} signal
 */
export async function styleSheet(address, { defaultView }, signal) {
  const { text } = await load(address, signal);
  return defaultView && new defaultView.CSSStyleSheet().replace(text);
}

/**
 * Ask the server whether a blog has an entry.
 *
 * @param {URL} blog
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<boolean | undefined>} undefined if it does not say
 */
export async function hasEntry(blog, id, signal) {
  const address = addressOf({ blog, cursor: null }, `entries/${id}`);
  const answer = await fetch(address, { method: "HEAD", signal }).catch(() => null);
  return answer?.ok || (answer?.status === 404 ? false : undefined);
}

/**
 * Load a text, which is empty if there is no answer.
 *
 * @param {URL} address
 * @param {AbortSignal} signal
 * @returns {Promise<{text: string, retry: number}>} `retry`: milliseconds to wait before asking again
 */
async function load(address, signal) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(LOAD_MILLISECONDS)]) });
    // `|| 0` because Retry-After may be a date
    return { text: await answer.text(), retry: 1_000 * Number(answer.headers.get("retry-after")) || 0 };
  } catch {
    return { text: "", retry: 0 };
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
