import { backoff } from "../core/backoff.js";
import { LONGEST_RETRY } from "../core/machine.js";
import { addressOf } from "../transports/transport.js";
import { parsed } from "./html.js";

/** How long a try may take, in milliseconds. */
const LOAD_MILLISECONDS = 15_000;

/**
 * The element as the server makes it; asked for until it comes.
 *
 * @param {URL} blog the address of its page
 * @param {string | undefined} language that it should speak
 * @param {AbortSignal} signal ends it
 * @returns {Promise<HTMLElement | null>} null if it was ended
 */
export async function markupOf(blog, language, signal) {
  const address = addressOf({ blog, cursor: null }, "embed");
  if (language) address.searchParams.set("lang", language);
  for (let failures = 0; !signal.aborted; failures += 1) {
    const { text, retry } = await load(address, signal);
    /** @type {HTMLElement | null} */
    const own = parsed(text).querySelector("live-blog[data-style]"); // an error's page may have an element of its own
    if (own) return own;
    await pause(Math.min(LONGEST_RETRY, backoff(failures, Math.random) + retry), signal);
  }
  return null;
}

/**
 * A style sheet; an empty one if it does not come, as the blog is there to be read all the same.
 *
 * @param {URL} address
 * @param {AbortSignal} signal
 */
export async function styleSheet(address, signal) {
  const { text } = await load(address, signal);
  return new CSSStyleSheet().replace(text);
}

/**
 * Whether a blog may have an entry: not if the server says that it has none.
 *
 * @param {URL} blog
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function mayHave(blog, id, signal) {
  const address = addressOf({ blog, cursor: null }, `entries/${id}`);
  const answer = await fetch(address, { method: "HEAD", signal }).catch(() => null);
  return answer?.status !== 404;
}

/**
 * @param {URL} address
 * @param {AbortSignal} signal
 * @returns {Promise<{text: string, retry: number}>} nothing if it does not come; in how many milliseconds to ask again
 */
async function load(address, signal) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(LOAD_MILLISECONDS)]) });
    return { text: await answer.text(), retry: 1_000 * Number(answer.headers.get("retry-after")) || 0 }; // it may be a date
  } catch {
    return { text: "", retry: 0 };
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal ends it early
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });
}
