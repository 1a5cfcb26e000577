/**
 * Return the local time, with the day unless it is today.
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
 * Show all times in a part of the page as local times; the server prints them in UTC.
 *
 * @param {ParentNode} root
 * @param {string | undefined} language as `localeOf` returns it
 */
export function localise(root, language) {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-at]"))) {
    time.title ||= time.textContent ?? ""; // in UTC
    time.textContent = localText(new Date(time.dateTime), language);
  }
}

/**
 * Return the locale for times: the reader's variant of the page's language (for example British English), else that
 * language. If it is not valid, return undefined, which stands for the browser's locale.
 *
 * @param {string | undefined} language
 */
export function localeOf(language) {
  const own = navigator.languages.find((one) => one.startsWith(`${language}-`));
  try {
    return Intl.getCanonicalLocales(own ?? language)[0];
  } catch {
    return undefined;
  }
}
