/** @import { WhileShown } from "./blog-view.js" */
/** @import { Feed } from "./feed.js" */
import { comparePlaces, parsePlace } from "../core/place.js";
import { placeOfArticle } from "./hydrate.js";
import { recall, remember } from "./memory.js";

/**
 * Know what the reader has seen at the last visit, and show where that begins.
 *
 * @param {string} blog
 * @param {Feed} feed
 * @param {HTMLElement} divider
 * @param {WhileShown} whileShown
 * @returns {() => void} puts the divider between what was seen and what was not, if both are there
 */
export function useVisits(blog, feed, divider, whileShown) {
  const name = `seen ${blog}`;
  const seen = parsePlace(recall(name));
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
    const first = articles.findIndex((one) => comparePlaces(placeOfArticle(one), seen) <= 0 === newestFirst);
    if (first < 1) divider.remove();
    else if (divider.parentElement !== articles[first]) articles[first].prepend(divider);
  };
}
