/** @import { View } from "./blog-view.js" */
import { justAfter } from "../core/position.js";
import { isPlain } from "./clicks.js";
import { focusedBy } from "./focus.js";
import { positionOfArticle } from "./hydrate.js";
import { isShown } from "./reading.js";

/** Pages that load below the list by scrolling. Then the reader has to click, so that the footer can be reached. */
const SCROLLED_PAGES = 3;

/** Distance from an end of the list at which the next page loads. */
const AHEAD_PIXELS = 600;

/** If there are more than twice as many entries on a side of those in view, only this many stay; others come back. */
const KEPT = 150;

/**
 * Load the entries before and after the loaded ones when the reader clicks on the link to them or scrolls near it, and
 * drop those that are far away.
 *
 * @param {View} view
 * @param {() => void} toNewest goes to the newest entries
 */
export function useEnds({ part, feed, reading, live, setting }, toNewest) {
  const { state } = live;
  const { texts } = setting;
  let left = SCROLLED_PAGES;
  /** @type {"older_updates" | "loading" | "load_failed"} */
  let word = "older_updates";

  /** Return the link to older or newer entries. @param {boolean} isOlder @returns {HTMLAnchorElement | null} */
  const linkTo = (isOlder) => part(isOlder ? "pages" : "newer").querySelector(`a[rel=${isOlder ? "next" : "prev"}]`);
  // A focused link stays until it is used: scrolling does not replace it
  const isFocused = (/** @type {HTMLElement} */ link) => focusedBy(link) === link;

  /** Show the links to what is not loaded. */
  const lead = () => {
    const [older, newer] = [linkTo(true) ?? addLink(), linkTo(false)];
    older.hidden = !state.older;
    older.textContent = texts[word];
    if (state.older) older.href = state.older.replace(/\/entries\?(before=[^&]+).*/, "?$1");
    if (newer) newer.textContent = texts[feed.newestFirst ? "newest_updates" : "newer_updates"];
    part("newer").hidden = !state.newer;
    for (const link of part("pages").querySelectorAll("a[rel=prev]")) link.hidden = !state.newer && feed.newest;
    setting.settle(part("pages"));
  };

  /** Add a link to older entries where the server saw none. */
  const addLink = () => {
    const link = linkTo(false)?.cloneNode() ?? document.createElement("a");
    Object.assign(link, { rel: "next" });
    return (part("pages").firstElementChild ?? part("pages")).appendChild(link);
  };

  /** @param {boolean} isOlder */
  const load = async (isOlder) => {
    word = "loading";
    lead();
    const change = new Promise((resolve) => live.addEventListener("change", resolve, { once: true }));
    const came = await live.load(isOlder ? state.older : state.newer);
    if (came) await change; // a page that is newer than the state waits for the next update
    word = came ? "older_updates" : "load_failed";
    lead();
    return came;
  };

  /** Load a page if the reader is near an end. */
  const look = async () => {
    const { top, bottom } = reading.view;
    if (word === "loading" || reading.isAtGoal || reading.isAtPageTop) return;
    for (const isOlder of [true, false]) {
      const link = linkTo(isOlder);
      const isBelow = isOlder === feed.newestFirst;
      if (!link || !isShown(link) || isFocused(link) || (isBelow && left < 1)) continue;
      const box = link.getBoundingClientRect();
      if (box.top > bottom + AHEAD_PIXELS || box.bottom < top - AHEAD_PIXELS) continue;
      if (isBelow) left -= 1;
      if (!(await load(isOlder))) return;
      if (isFocused(link)) link.scrollIntoView({ block: "nearest" });
      return look(); // the end may still be near
    }
  };

  /** @param {MouseEvent} click */
  const follow = async (click) => {
    const isOlder = click.currentTarget === part("pages");
    if (!linkTo(isOlder)?.contains(/** @type {Node} */ (click.target)) || !isPlain(click)) return;
    click.preventDefault();
    if (!isOlder && feed.newestFirst) return toNewest();
    left = SCROLLED_PAGES;
    // After a click, focus the first of the new entries
    const isBelow = isOlder === feed.newestFirst;
    const edge = feed.articles.at(isBelow ? -1 : 0);
    if (!(await load(isOlder)) || !edge) return;
    const { articles } = feed;
    articles[articles.indexOf(edge) + (isBelow ? 1 : -1)]?.focus({ preventScroll: true });
  };
  part("pages").addEventListener("click", follow);
  part("newer").addEventListener("click", follow);

  /** Forget the entries that are far from those in view. Return the ids of those that are gone. */
  const trim = () => {
    const { articles, newestFirst, newest } = feed;
    const [first = 0, last = 0] = [reading.inView[0], reading.inView.at(-1)].map((one) => one && articles.indexOf(one));
    const isFar = (/** @type {HTMLElement[]} */ some) => some.length > 2 * KEPT && !some.some(isPlaying);
    const [isBegun, isEnded] = [isFar(articles.slice(0, first)), isFar(articles.slice(last + 1))];
    const ends = [isBegun && articles[first - KEPT], isEnded && articles[last + KEPT]];
    const [high, low] = (newestFirst ? ends : ends.reverse()).map((one) => one && positionOfArticle(one));
    if (isEnded) left = Math.max(left, SCROLLED_PAGES);
    const { gap, key } = state.window;
    /** @param {string} query */
    const page = (query) => setting.pageAddress(query, key);
    if (!low && !high) return [];
    const { changed } = state.trim({
      ...(low && { oldest: low, older: page(`before=${low.join("_")}`) }),
      ...(high && {
        gap: /** @type {const} */ ([justAfter(high), gap ? gap[1] : newest]),
        newer: page(`after=${high.join("_")}`),
      }),
    });
    return changed;
  };

  return { lead, look, load, trim };
}

/** Return whether something in an article plays; frames do not tell. @param {HTMLElement} article */
function isPlaying(article) {
  const players = /** @type {NodeListOf<HTMLMediaElement>} */ (article.querySelectorAll("audio, video, iframe"));
  return [...players].some(({ paused }) => !paused);
}
