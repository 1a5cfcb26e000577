import { backoff } from "../core/backoff.js";
import { LONGEST_RETRY } from "../core/machine.js";
import { addressOf } from "../transports/transport.js";
import { parsed } from "./html.js";

/** How long a try may take, in milliseconds. */
const PATIENCE = 15_000;

/**
 * The element as the server makes it; asked for until it comes.
 *
 * @param {string} blog the address of its page
 * @param {string | undefined} language that it should speak
 * @param {() => boolean} isWanted
 * @returns {Promise<HTMLElement | null>} null if it is not wanted any more
 */
export async function markupOf(blog, language, isWanted) {
  const address = addressOf({ blog: new URL(blog), cursor: null }, "embed");
  if (language) address.searchParams.set("lang", language);
  for (let failures = 0; isWanted(); failures += 1) {
    const { text, retry } = await load(address);
    /** @type {HTMLElement | null} */
    const own = parsed(text).querySelector("live-blog[data-style]"); // an error's page may have an element of its own
    if (own) return own;
    const wait = Math.min(LONGEST_RETRY, backoff(failures, Math.random) + retry);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return null;
}

/**
 * A style sheet; an empty one if it does not come, as the blog is there to be read all the same.
 *
 * @param {URL} address
 */
export async function styleSheet(address) {
  const { text } = await load(address);
  return new CSSStyleSheet().replace(text);
}

/**
 * @param {URL} address
 * @returns {Promise<{text: string, retry: number}>} nothing if it does not come; in how many milliseconds to ask again
 */
async function load(address) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
    return { text: await answer.text(), retry: 1_000 * Number(answer.headers.get("retry-after")) || 0 }; // it may be a date
  } catch {
    return { text: "", retry: 0 };
  }
}
