import { utcText } from "./times.js";

/** @typedef {Node | string | false | null | undefined | "" | 0} Child what is falsy is left out */

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined>} attributes undefined and false: leave it out
 * @param {...Child} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) made.append(child);
  return made;
}

/**
 * A link, if the address is one of the web's; else just its text.
 *
 * @param {string | undefined} address
 * @param {string} text
 * @param {Record<string, string>} attributes
 */
export function link(address, text, attributes = {}) {
  return address && /^https?:/i.test(address) ? element("a", { href: address, ...attributes }, text) : text;
}

/** @param {string} at */
export function timeElement(at) {
  // data-at: times inside of an entry's own html stay as their author wrote them
  return element("time", { datetime: at, "data-at": true }, utcText(at));
}

/**
 * The one place where a string becomes HTML. Only what the server has sanitised may come here.
 *
 * @param {Element} into
 * @param {string} html
 */
export function setSanitisedHTML(into, html) {
  // @ts-ignore: a policy's TrustedHTML is what `innerHTML` takes where Trusted Types are enforced
  into.innerHTML = policy ? policy.createHTML(html) : html;
}

// @ts-ignore: not in every browser
const policy = globalThis.trustedTypes?.createPolicy("stoppress", {
  createHTML: (/** @type {string} */ html) => html,
});
