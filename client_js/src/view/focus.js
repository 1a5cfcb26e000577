// As `Node` has them, under names that are long on the wire.
export const PRECEDING = 2;
export const FOLLOWING = 4;

/**
 * Change the document. Who had the focus in something that is gone afterwards has it in what stands in its place, or
 * next to it: nobody who uses a keyboard is sent back to the beginning of the page.
 *
 * @param {HTMLElement} list of articles
 * @param {() => void} change
 */
export function keepFocus(list, change) {
  const had = focusedBy(list);
  const area = had?.closest("article, [data-part]");
  change();
  if (!area || had?.checkVisibility()) return;
  const shown = [...list.children].filter((one) => one.checkVisibility());
  const heir =
    shown.find(({ id }) => id === area.id) ??
    (area.isConnected && [...area.querySelectorAll("a, button")].find((one) => one.checkVisibility())) ??
    shown.at(area.compareDocumentPosition(list) & PRECEDING ? -1 : 0);
  /** @type {HTMLElement} */ (heir || list).focus({ preventScroll: true });
}

/**
 * What has the focus, in the document or the shadow of a node.
 *
 * @param {Node} node
 */
export function focusedBy(node) {
  return /** @type {Document} */ (node.getRootNode()).activeElement;
}
