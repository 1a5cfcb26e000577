import { isPlain } from "./clicks.js";

/**
 * Replace the clicked link to an embed by the embed itself, unless the click opens the link elsewhere.
 *
 * @param {MouseEvent} click
 * @param {HTMLTemplateElement} template contains the frame
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
