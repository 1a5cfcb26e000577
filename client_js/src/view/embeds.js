import { beside } from "../beside.js";
import { element } from "./elements.js";

/** @typedef {{name: string, address: string, frame: string}} Site */

/** @type {Site[] | null} */
let sites = null;

/** @type {Promise<boolean> | null} */
let learning = null;

/**
 * Learn which sites there are; the server knows the same.
 *
 * @returns {Promise<boolean> | null} whether they are known then; null if they have been before
 */
export function learnSites() {
  if (sites) return null;
  learning ??= beside(new URL("../embeds.json", import.meta.url), (answer) => answer.json()).then((found) => {
    sites = found;
    learning = null;
    return found !== null;
  });
  return learning;
}

/**
 * What a known site shows for the address of one of its pages; null as long as no site is known.
 *
 * @param {string} url
 */
export function frameOf(url) {
  for (const { name, address, frame } of sites ?? []) {
    const found = new RegExp(address).exec(url);
    if (found) return { name, address: frame.replace("{id}", found[1]) };
  }
  return null;
}

/**
 * Show what is embedded, in the place of the link to it. Only a plain click does: it is a link all the same.
 *
 * @param {MouseEvent} click
 */
export function openEmbed(click) {
  const link = /** @type {HTMLElement} */ (click.target).closest("a");
  const address = link?.dataset.frame;
  if (!link || !address || click.button || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
  click.preventDefault();
  const frame = element("iframe", {
    src: address,
    title: link.textContent ?? "",
    allow: "autoplay; encrypted-media; fullscreen; picture-in-picture",
    referrerpolicy: "strict-origin-when-cross-origin",
    sandbox: "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation",
    "data-url": link.getAttribute("href") ?? "",
  });
  link.nextElementSibling?.remove();
  link.replaceWith(frame);
  frame.focus();
}
