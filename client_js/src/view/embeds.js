import SITES from "../embeds.json" with { type: "json" };
import { element } from "./elements.js";

const PATTERNS = SITES.map(({ name, address, frame }) => ({ name, frame, pattern: new RegExp(address) }));

/**
 * What a known site shows for the address of one of its pages; the server knows the same sites.
 *
 * @param {string} url
 */
export function frameOf(url) {
  for (const { name, frame, pattern } of PATTERNS) {
    const found = pattern.exec(url);
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
