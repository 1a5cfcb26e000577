/** @import { State } from "../core/state.js" */
import { comparePlaces, placeOf } from "../core/place.js";

/** How many a summary names; the server's has as many. */
const MOST = 10;

/**
 * What the summary of a blog names, newest first. What the server named and this page has not loaded stays there until
 * it is known to be different.
 *
 * @param {HTMLElement} part that has the summary so far
 * @param {State} state
 * @param {string[]} changed ids of entries
 */
export function keyEvents(part, state, changed) {
  const named = new Map(
    [...part.querySelectorAll("li")].map((item) => {
      const { entry: id = "", published: publishedAt = "" } = item.dataset;
      return [id, { id, published_at: publishedAt, title: item.querySelector("span")?.textContent }];
    }),
  );
  for (const id of new Set([...named.keys(), ...changed, ...state.unloaded])) {
    const entry = state.find(id);
    const isPublished = entry?.status === "published";
    if (isPublished && entry.key) {
      named.set(id, { ...entry, title: entry.title ?? entry.text });
    } else if (changed.includes(id) || (entry && !(isPublished && state.entry(id)))) {
      named.delete(id);
    }
  }
  return [...named.values()]
    .sort((a, b) => comparePlaces(placeOf(b), placeOf(a)))
    .slice(0, MOST)
    .map((entry) => ({ ...entry, away: !state.entry(entry.id) }));
}
