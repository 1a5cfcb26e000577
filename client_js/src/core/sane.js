/** Types of messages that have a cursor. */
const KNOWN = ["update", "beat", "reset"];

/**
 * Whether a message has what is needed of it.
 *
 * @param {any} message
 */
export function isSane(message) {
  const { type, cursor, entries, min, max } = message ?? {};
  if (type === "retry") return [min, max].every(Number.isFinite) && min >= 0 && max >= min;
  if (type === "update" && !(Array.isArray(entries) && entries.every((entry) => entry?.id))) return false;
  return typeof (KNOWN.includes(type) ? cursor : type) === "string";
}
