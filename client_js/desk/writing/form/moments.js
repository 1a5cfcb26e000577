/** Times of a blog: forms have them as the blog's local time, the server in UTC. */

/**
 * Return the moment of a local time, in milliseconds; null if there is no such time there, because the clocks are put
 * forward over it. Of a time that comes twice it is the first.
 *
 * @param {string} local `YYYY-MM-DDTHH:MM` or `YYYY-MM-DDTHH:MM:SS`
 * @param {string} zone of the IANA database
 */
export function momentOf(local, zone) {
  const asUtc = Date.parse(`${local}Z`);
  if (!Number.isFinite(asUtc)) return null;
  const day = 86_400_000;
  const offsets = [offsetAt(asUtc - day, zone), offsetAt(asUtc + day, zone)];
  const found = offsets.map((offset) => asUtc - offset).filter((moment) => moment + offsetAt(moment, zone) === asUtc);
  return found.length ? Math.min(...found) : null;
}

/**
 * Return the local time of a moment, to the second.
 *
 * @param {number | string} moment in milliseconds, or as the server sends it
 * @param {string} zone
 */
export function localOf(moment, zone) {
  const at = typeof moment === "string" ? Date.parse(moment) : moment;
  return new Date(at + offsetAt(at, zone)).toISOString().slice(0, 19);
}

/**
 * Return the zone to use for a blog: its own, or that of this computer.
 *
 * @param {string | null | undefined} named
 */
export function zoneOf(named) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return named && Intl.DateTimeFormat("en", { timeZone: named }) ? named : own;
  } catch {
    return own; // this browser does not know it
  }
}

/**
 * Return how far local time is ahead of UTC, in milliseconds.
 *
 * @param {number} moment
 * @param {string} zone
 */
function offsetAt(moment, zone) {
  const whole = Math.floor(moment / 1_000) * 1_000;
  const options = /** @type {const} */ ({ hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" });
  const format = new Intl.DateTimeFormat("en", {
    ...options,
    timeZone: zone,
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const part = Object.fromEntries(format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - whole;
}
