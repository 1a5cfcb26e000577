// Choices of the reader and the newest entry seen of each blog, in `localStorage`. Private windows and some frames have
// no access to it: they remember nothing.

/**
 * Return a remembered value.
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
 * Remember a value.
 *
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(`stoppress ${name}`, value);
  } catch {
    // no access
  }
}
