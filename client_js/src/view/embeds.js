/** @import { Macros } from "./macros.js" */
import { isPlain } from "./clicks.js";

/**
 * Show what is embedded, in the place of the link to it. Only a plain click does: it is a link all the same.
 *
 * @param {MouseEvent} click
 * @param {Macros} macros
 */
export function openEmbed(click, macros) {
  const link = /** @type {HTMLElement} */ (click.target).closest("a");
  const address = link?.dataset.frame;
  if (!address || !isPlain(click)) return;
  click.preventDefault();
  const frame = macros.make("frame", { address, title: link.textContent, url: link.getAttribute("href") });
  link.nextElementSibling?.remove();
  link.replaceWith(/** @type {HTMLElement} */ (frame));
  frame?.focus();
}
