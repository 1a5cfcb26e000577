/** @import { WhileShown } from "./blog-view.js" */
/** @import { Feed } from "./feed.js" */
import { comparePositions, parsePosition } from "../core/position.js";
import { positionOfArticle } from "./hydrate.js";
import { recall, remember } from "./memory.js";

/**
 * Remember the newest entry at the end of a visit, and mark at the next visit where the entries seen before begin.
 *
 * @param {string} blog
 * @param {Feed} feed
 * @param {HTMLElement} divider
 * @param {WhileShown} whileShown
 * @returns {() => void} puts the divider between new and seen entries, if there are both
 */
export function useVisits(blog, feed, divider, whileShown) {
  const name = `seen ${blog}`;
  const seen = parsePosition(recall(name));
  const leave = () => feed.newest && remember(name, feed.newest.join("_"));
  whileShown((signal) => {
    addEventListener("pagehide", leave, { signal });
    document.addEventListener("visibilitychange", () => document.hidden && leave(), { signal });
  });
  divider.remove();
  divider.hidden = false;
  return () => {
    if (!seen) return;
    const { articles, newestFirst } = feed;
    const first = articles.findIndex((one) => comparePositions(positionOfArticle(one), seen) <= 0 === newestFirst);
    if (first < 1) divider.remove();
    else if (divider.parentElement !== articles[first]) articles[first].prepend(divider);
  };
}
