/** @import { View } from "./blog-view.js" */
import { comparePositions, parsePosition } from "../core/position.js";
import { positionOfArticle } from "./hydrate.js";
import { isBack, recall, remember } from "./memory.js";

/**
 * Remember up to where the reader has seen all entries, and put headings above what is new and what was seen at the next
 * visit. An entry is seen when it was on the screen. A reload goes on with the visit.
 *
 * @param {View} view
 * @returns {{mark: () => void, look: () => void}} call `mark` after each change, and `look` when there may be something
 *   else on the screen
 */
export function useVisits({ part, feed, reading, live: { state }, setting, choices }) {
  const name = `seen ${setting.home}`;
  const last = (isBack() && recall(name, "sessionStorage")) || recall(name);
  if (last) remember(name, last, "sessionStorage");
  const seen = parsePosition(last);
  /** The reader has seen this entry and all before it. */
  let upTo = parsePosition(recall(name));
  /** Ids of articles that were on the screen. @type {Set<string>} */
  const looked = new Set();
  const fresh = part("visited");
  const old = fresh.cloneNode();
  old.className = "seen";
  old.textContent = setting.texts.visited_before;
  fresh.remove();
  fresh.hidden = old.hidden = false;

  /** @param {HTMLElement} heading @param {HTMLElement | false | undefined} article */
  const put = (heading, article) => {
    if (!article) heading.remove();
    else if (article.previousElementSibling !== heading) article.before(heading);
  };

  const mark = () => {
    if (!seen) return;
    const isNew = (/** @type {HTMLElement} */ one) => comparePositions(positionOfArticle(one), seen) > 0;
    const shown = feed.articles.filter(({ classList }) => choices.show === "all" || classList.contains("key"));
    const first = shown.find(isNew);
    put(fresh, first);
    put(old, feed.newestFirst && first && shown.find((one) => !isNew(one)));
  };

  const look = () => {
    if (document.hidden || state.window.key) return;
    for (const { id } of reading.inView) looked.add(id);
    const before = upTo;
    const articles = feed.newestFirst ? feed.articles.reverse() : feed.articles;
    const isAfter = (/** @type {HTMLElement | undefined} */ one) =>
      one && upTo && comparePositions(positionOfArticle(one), upTo) > 0;
    if (state.older && isAfter(articles[0])) return; // there may be others in between
    for (const article of articles) {
      if (upTo && !isAfter(article)) continue;
      if (looked.has(article.id)) upTo = positionOfArticle(article);
      else if (upTo) break;
    }
    if (upTo && upTo !== before) remember(name, upTo.join("_"));
  };
  return { mark, look };
}
