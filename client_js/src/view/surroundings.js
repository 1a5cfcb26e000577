/** @import { BlogStatus } from "../core/messages.js" */
/** @import { Applied, State } from "../core/state.js" */
/** @import { Setting } from "./setting.js" */

/** Parts that only the newest page has. */
const NEWEST = ["pinned", "key-events"];

/**
 * Show what is around the entries: title, related stories, the pinned entry, key events.
 *
 * @param {(name: string) => HTMLElement} part returns a part by name
 * @param {State} state
 * @param {Setting} setting
 * @param {boolean} newest whether this is the newest page
 * @param {(status: BlogStatus) => void} showStatus
 * @returns {(outcome: Applied) => void} call it after each change
 */
export function useSurroundings(part, state, setting, newest, showStatus) {
  return ({ header, reset }) => {
    newest ||= reset && header;
    const { parts } = state;
    state.parts = {};
    if (!reset) delete parts.pages; // links to other pages: see `ends.js`
    for (const [name, html] of Object.entries(parts)) {
      const made = setting.fragment(html);
      if (newest || !NEWEST.includes(name)) fill(part(name), made);
    }
    if (header && state.header) showStatus(state.header.status);
  };
}

/**
 * Fill a part, unless it looks the same already.
 *
 * @param {HTMLElement | null} part
 * @param {DocumentFragment} made
 */
function fill(part, made) {
  const [old, fresh] = [[...(part?.children ?? [])], [...made.children]];
  const isSame = old.length === fresh.length && old.every((one, index) => one.isEqualNode(fresh[index]));
  if (!isSame) part?.replaceChildren(made);
}
