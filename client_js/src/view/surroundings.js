/** @import { BlogStatus } from "../core/messages.js" */
/** @import { Applied, State } from "../core/state.js" */
/** @import { Setting } from "./setting.js" */

/** What only the newest page has. */
const NEWEST = ["pinned", "key-events"];

/**
 * Show what is around the entries: title, related stories, the pinned entry, key events, the ways to other pages.
 *
 * @param {(name: string) => HTMLElement} part finds one by its name
 * @param {State} state
 * @param {Setting} setting
 * @param {boolean} newest whether this is the newest page
 * @param {(status: BlogStatus) => void} showStatus
 * @returns {(outcome: Applied) => void} to be told of a change
 */
export function useSurroundings(part, state, setting, newest, showStatus) {
  return ({ header, reset }) => {
    newest ||= reset;
    const { parts } = state;
    state.parts = {};
    for (const [name, html] of Object.entries(parts)) {
      const made = setting.fragment(html);
      if (name === "pages" && !reset) moveOn(part(name), made);
      else if (newest || !NEWEST.includes(name)) fill(part(name), made);
    }
    if (header && state.header) showStatus(state.header.status);
  };
}

/**
 * @param {HTMLElement | null} part
 * @param {DocumentFragment} made
 */
function fill(part, made) {
  const [old, fresh] = [[...(part?.children ?? [])], [...made.children]];
  const isSame = old.length === fresh.length && old.every((one, index) => one.isEqualNode(fresh[index]));
  if (!isSame) part?.replaceChildren(made);
}

/**
 * Let the link to older entries lead to those after the ones that came; others stay.
 *
 * @param {HTMLElement} part
 * @param {DocumentFragment} made
 */
function moveOn(part, made) {
  const link = part.querySelector("a[rel=next]");
  const next = made.querySelector("a[rel=next]");
  if (next) link?.replaceWith(next);
  else link?.remove();
  if (!part.querySelector("a")) part.replaceChildren();
}
