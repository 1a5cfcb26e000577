/**
 * Times, as the server prints them (UTC, for everybody the same) and as this reader's clock shows them.
 */

/**
 * The local time; with the day unless it is today.
 *
 * @param {Date} at
 * @param {string | undefined} language
 */
export function localText(at, language, now = new Date()) {
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { hour: "2-digit", minute: "2-digit" };
  if (at.toDateString() !== now.toDateString()) Object.assign(form, { day: "numeric", month: "short" });
  if (at.getFullYear() !== now.getFullYear()) form.year = "numeric";
  return at.toLocaleString(language, form);
}

/**
 * Turn all times in a piece of page into local ones.
 *
 * @param {ParentNode} root
 * @param {string | undefined} language as `usable` gives it
 */
export function localise(root, language) {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-at]"))) {
    time.title ||= time.textContent ?? ""; // in UTC
    time.textContent = localText(new Date(time.dateTime), language);
  }
}

/**
 * In whose way to write times: the page's language as this reader writes it (British for an English page, say), else
 * the page's; undefined, which is the browser's own, if it is none.
 *
 * @param {string | undefined} language
 */
export function usable(language) {
  const own = navigator.languages.find((one) => one.startsWith(`${language}-`));
  try {
    return Intl.getCanonicalLocales(own ?? language)[0];
  } catch {
    return undefined;
  }
}
