// What is remembered: the reader's choices, what was seen of each blog, and for a tab, where the reader was. Private
// windows and some frames have no access to it: they remember nothing.

/** @typedef {"localStorage" | "sessionStorage"} Storage of the browser, or of the tab */

/** Return a remembered value. @param {string} name @param {Storage} [storage] */
export function recall(name, storage = "localStorage") {
  try {
    return globalThis[storage].getItem(`stoppress ${name}`);
  } catch {
    return null;
  }
}

/** Remember a value. @param {string} name @param {string} value @param {Storage} [storage] */
export function remember(name, value, storage = "localStorage") {
  try {
    globalThis[storage].setItem(`stoppress ${name}`, value);
  } catch {
    // no access
  }
}

/** Return whether the reader was on this page before in this tab, and has reloaded it or come back to it. */
export function isBack() {
  const [{ type = "" } = {}] = /** @type {{type?: string}[]} */ (performance.getEntriesByType("navigation"));
  return type === "reload" || type === "back_forward";
}
