/**
 * The position of an entry in the order of the blog: by publication, then by id.
 *
 * @typedef {readonly [publishedAt: string, id: string]} Position
 */

/**
 * Return the position of an entry.
 *
 * @param {{published_at: string, id: string}} entry
 * @returns {Position}
 */
export function positionOf(entry) {
  return [entry.published_at, entry.id];
}

/**
 * Return a negative number if `a` is older than `b`, a positive one if it is newer, else 0.
 *
 * @param {Position} a
 * @param {Position} b
 */
export function comparePositions(a, b) {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1;
  return 0;
}

/**
 * Parse the `before` parameter of an older page's address.
 *
 * @param {string | null} [text]
 * @returns {Position | null}
 */
export function parsePosition(text) {
  const [publishedAt, id] = text?.split("_") ?? [];
  return publishedAt && id !== undefined ? [publishedAt, id] : null;
}

/**
 * Return the position just after an entry.
 *
 * @param {Position} position of the entry
 * @returns {Position}
 */
export function justAfter([publishedAt, id]) {
  return [publishedAt, `${id}~`];
}
