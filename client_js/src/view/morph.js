/**
 * Turn an article into its newer version, and leave alone what is the same in both. So videos keep playing, and the
 * selection and the focus stay.
 *
 * @param {Element} old in the document
 * @param {Element} fresh the newer version; its nodes move to the old one
 */
export function morph(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const rest = [...old.childNodes];
  for (const child of [...fresh.childNodes]) {
    const index = rest.findIndex((other) => isSame(other, child));
    if (index < 0) {
      old.insertBefore(child, rest[0] ?? null);
    } else {
      for (const gone of rest.splice(0, index + 1).slice(0, -1)) gone.remove();
    }
  }
  for (const gone of rest) gone.remove();
}

/**
 * Return whether two nodes look the same, or one is the embed that the reader has opened in place of the other.
 *
 * @param {Node} old
 * @param {Node} fresh
 */
function isSame(old, fresh) {
  const frame = /** @type {Element} */ (old).querySelector?.(":scope > iframe[data-url]");
  const link = /** @type {Element} */ (fresh).querySelector?.(":scope > a[data-frame]");
  return old.isEqualNode(fresh) || (frame && frame.getAttribute("data-url") === link?.getAttribute("href"));
}
