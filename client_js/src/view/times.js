/** The formats in use, by language and options: making one takes milliseconds. @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * Return the format of times in a language. A time zone that the browser does not know is left out.
 *
 * @param {string | undefined} language as `localeOf` returns it
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {Intl.DateTimeFormat}
 */
function formatOf(language, { timeZone, timeZoneName, ...rest }) {
  const options = timeZone ? { timeZone, timeZoneName, ...rest } : rest;
  const key = JSON.stringify([language, options]);
  let format = formats.get(key);
  try {
    if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language, options)));
    return format;
  } catch {
    return formatOf(language, rest);
  }
}

/**
 * Return a time as the language writes it, with the day unless it is today.
 *
 * @param {Date} at
 * @param {string | undefined} language
 * @param {string} [timeZone] that of the blog, which is then named; otherwise it is the reader's
 */
export function localText(at, language, timeZone, now = new Date()) {
  // 9:20 AM, but 09:20
  const { hour12 } = formatOf(language, { hour: "numeric" }).resolvedOptions();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit", timeZone, timeZoneName: "short" };
  const [day, today] = [dayIn(timeZone, at), dayIn(timeZone, now)];
  if (day !== today) Object.assign(form, { day: "numeric", month: "short" });
  if (day.slice(0, 4) !== today.slice(0, 4)) form.year = "numeric";
  return formatOf(language, form).format(at);
}

/**
 * Return the day in a time zone, as YYYY-MM-DD.
 *
 * @param {string} [timeZone]
 */
export function dayIn(timeZone, at = new Date()) {
  return formatOf("sv", { timeZone }).format(at);
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
