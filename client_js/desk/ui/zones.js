// Times in the zone of a blog. The inputs of browsers know no zones, so the desk says it beside each of them.

/**
 * Return the value of a `datetime-local` input, a wall clock in a time zone, as a moment.
 *
 * A time that a change of clocks leaves out is moved forward; of one that comes twice, it is the first.
 *
 * @param {string} text such as 2026-12-01T14:30 or, with seconds, 2026-12-01T14:30:05
 * @param {string} timeZone
 * @returns {Date | null} null if the text is not a time
 */
export function momentOf(text, timeZone) {
  const wanted = Date.parse(`${text}Z`);
  if (!text || Number.isNaN(wanted)) return null;
  const early = wanted - offset(wanted - 86_400_000, timeZone);
  if (early + offset(early, timeZone) === wanted) return new Date(early);
  const late = wanted - offset(wanted + 86_400_000, timeZone);
  return new Date(late + offset(late, timeZone) === wanted ? late : early);
}

/**
 * Return a moment as the value of a `datetime-local` input.
 *
 * @param {string | Date} at
 * @param {string} timeZone
 */
export function inputValue(at, timeZone) {
  const time = new Date(at).getTime();
  return new Date(time + offset(time, timeZone)).toISOString().slice(0, 19);
}

/**
 * Return a moment in words, with the zone: "1 Dec, 14:30:05 CET".
 *
 * @param {string | Date} at
 * @param {string} timeZone
 */
export function timeText(at, timeZone) {
  const day = /** @type {const} */ ({ day: "numeric", month: "short" });
  const time = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return new Intl.DateTimeFormat("en-GB", { ...day, ...time, timeZone: known(timeZone), timeZoneName: "short" }).format(
    new Date(at),
  );
}

/** Return a time zone that the browser knows. @param {string} timeZone */
export function known(timeZone) {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return timeZone || "UTC";
  } catch {
    return "UTC";
  }
}

/**
 * Return by how many milliseconds the clocks of a zone are ahead of UTC.
 *
 * @param {number} time
 * @param {string} timeZone
 */
function offset(time, timeZone) {
  const whole = Math.floor(time / 1000) * 1000;
  const text = new Date(whole).toLocaleString("sv", { timeZone: known(timeZone) });
  return Date.parse(`${text.replace(" ", "T")}Z`) - whole;
}
