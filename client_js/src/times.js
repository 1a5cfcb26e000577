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
 * The language if there are formats for it; else undefined, which is the browser's own.
 *
 * @param {string | undefined} language
 */
function usable(language) {
  try {
    return language && Intl.DateTimeFormat.supportedLocalesOf(language).length ? language : undefined;
  } catch {
    return undefined; // no language tag at all
  }
}
