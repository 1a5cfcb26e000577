/**
 * Times, as the server prints them (UTC, for everybody the same) and as this reader's clock shows them.
 */

/** @param {string} at RFC 3339, UTC */
export function utcText(at) {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

/**
 * The local time; with the day unless it is today.
 *
 * @param {Date} at
 * @param {Date} now
 * @param {string | undefined} language
 */
export function localText(at, now, language) {
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { hour: "2-digit", minute: "2-digit" };
  if (at.toDateString() !== now.toDateString()) Object.assign(form, { day: "numeric", month: "short" });
  if (at.getFullYear() !== now.getFullYear()) form.year = "numeric";
  return new Intl.DateTimeFormat(language, form).format(at);
}

/**
 * Turn all times in a piece of page into local ones.
 *
 * @param {ParentNode} root
 * @param {string | undefined} language
 */
export function localise(root, language, now = new Date()) {
  const supported = usable(language);
  for (const time of root.querySelectorAll("time[data-at]")) {
    const text = time.getAttribute("datetime") ?? "";
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = localText(at, now, supported);
    time.setAttribute("title", utcText(text));
  }
}

/**
 * In whose way to write times: the page's language as this reader writes it (British for an English page, say), else
 * the page's; undefined, which is the browser's own, if there is no such language.
 *
 * @param {string | undefined} language
 */
export function usable(language) {
  if (!language) return undefined;
  const [base] = language.split("-");
  const own = language === base && navigator.languages.find((one) => one.split("-")[0] === base);
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(own || language)[0];
  } catch {
    return undefined; // no language tag at all
  }
}
