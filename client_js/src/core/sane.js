const TYPES_WITH_CURSOR = ["update", "beat", "reset"];

/**
 * Return whether a message has the fields that the client needs.
 *
 * @param {any} message
 */
export function isSane(message) {
  const { type, cursor, entries, min, max } = message ?? {};
  if (type === "retry") return [min, max].every(Number.isFinite) && min >= 0 && max >= min;
  if (type === "update" && !(Array.isArray(entries) && entries.every((entry) => entry?.id))) return false;
  return typeof (TYPES_WITH_CURSOR.includes(type) ? cursor : type) === "string";
}
