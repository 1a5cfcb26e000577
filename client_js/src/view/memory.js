/**
 * What this browser remembers for the reader, and tells nobody: choices, and what was seen of which blog. Where it may
 * not (a private window, a frame without the right to), there is just nothing to remember.
 *
 * @param {string} name
 */
export function recall(name) {
  try {
    return localStorage.getItem(`stoppress ${name}`);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(`stoppress ${name}`, value);
  } catch {
    // nothing to remember
  }
}
