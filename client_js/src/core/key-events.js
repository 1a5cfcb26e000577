/** @import { Entry } from "./messages.js" */
/** @import { State } from "./state.js" */

/**
 * Return the key events that a state has: those that `summary` of the header names, in its order, then the others,
 * newest first.
 *
 * @param {State} state
 * @returns {Entry[]}
 */
export function keyEventsOf(state) {
  const keys = state.known.filter(({ key }) => key);
  const named = (state.header?.summary ?? []).flatMap((id) => keys.find((entry) => entry.id === id) ?? []);
  return [...new Set([...named, ...keys])];
}
