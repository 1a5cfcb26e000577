import { isShown } from "./reading.js";

// `Node.DOCUMENT_POSITION_PRECEDING` and `_FOLLOWING`; their names would make the bundle larger.
export const PRECEDING = 2;
export const FOLLOWING = 4;

/**
 * Change the document and keep the focus. If the focused element is gone, focus what replaces it or is next to it, so
 * that keyboard users are not sent back to the top of the page.
 *
 * @param {HTMLElement} list of articles
 * @param {() => void} change
 */
export function keepFocus(list, change) {
  const had = focusedBy(list);
  const area = had?.closest("article, [data-part]");
  change();
  if (!area || (had && isShown(had))) return;
  const shown = [...list.children].filter(isShown);
  const heir =
    shown.find(({ id }) => id === area.id) ??
    (area.isConnected && [...area.querySelectorAll("a, button")].find(isShown)) ??
    shown.at(area.compareDocumentPosition(list) & PRECEDING ? -1 : 0);
  /** @type {HTMLElement} */ (heir || list).focus({ preventScroll: true });
}

/**
 * Return the focused element in the document or shadow root of a node.
 *
 * @param {Node} node
 */
export function focusedBy(node) {
  return /** @type {Document} */ (node.getRootNode()).activeElement;
}
