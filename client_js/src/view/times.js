/**
 * Return a time as the language writes it, with the day unless it is today.
 *
 * @param {Date} at
 * @param {string | undefined} language
 * @param {string} [timeZone] that of the blog, which is then named; otherwise it is the reader's
 */
export function localText(at, language, timeZone, now = new Date()) {
  const zone = knownZone(timeZone);
  // 9:20 AM, but 09:20
  const { hour12 } = new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit", timeZone: zone };
  if (zone) form.timeZoneName = "short";
  const [day, today] = [dayIn(zone, at), dayIn(zone, now)];
  if (day !== today) Object.assign(form, { day: "numeric", month: "short" });
  if (day.slice(0, 4) !== today.slice(0, 4)) form.year = "numeric";
  return at.toLocaleString(language, form);
}

/**
 * Return the day in a time zone, as YYYY-MM-DD.
 *
 * @param {string} [timeZone]
 */
export function dayIn(timeZone, at = new Date()) {
  return at.toLocaleDateString("sv", { timeZone: knownZone(timeZone) });
}

/** Return a time zone if the browser knows it. @param {string | undefined} timeZone */
function knownZone(timeZone) {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return timeZone;
  } catch {
    return undefined;
  }
}

/**
 * Show all times in a part of the page in the blog's time zone or the reader's; the server prints them in UTC.
 *
 * @param {ParentNode} root
 * @param {string | undefined} language as `localeOf` returns it
 * @param {string} [timeZone] as for `localText`
 */
export function localise(root, language, timeZone) {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-at]"))) {
    time.title ||= time.textContent ?? ""; // in UTC
    time.textContent = localText(new Date(time.dateTime), language, timeZone);
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
