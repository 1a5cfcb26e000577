import { usable } from "./times.js";

/**
 * Say in which language something is.
 *
 * @param {Iterable<HTMLElement>} elements
 * @param {string} [language] a BCP 47 tag
 */
export function setLanguage(elements, language = "en") {
  // Not every browser knows the direction; the server does when it makes a page
  const { direction = "" } = /** @type {any} */ (new Intl.Locale(usable(language) ?? "en")).getTextInfo?.() ?? {};
  for (const one of elements) {
    one.lang = language;
    one.dir = direction;
  }
}
