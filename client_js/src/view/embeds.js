import { isPlain } from "./clicks.js";

/**
 * Show what is embedded, in the place of the link to it. Only a plain click does: it is a link all the same.
 *
 * @param {MouseEvent} click
 * @param {HTMLTemplateElement} template has the frame
 */
export function openEmbed(click, { content }) {
  const link = /** @type {HTMLElement} */ (click.target).closest("a");
  const src = link?.dataset.frame;
  if (!src || !isPlain(click)) return;
  click.preventDefault();
  const frame = /** @type {HTMLIFrameElement} */ (content.querySelector("iframe")?.cloneNode());
  frame.title = link.textContent ?? "";
  frame.dataset.url = link.getAttribute("href") ?? "";
  frame.src = src;
  link.nextElementSibling?.remove();
  link.replaceWith(frame);
  frame.focus();
}
