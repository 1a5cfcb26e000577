/** @import { View } from "./blog-view.js" */
import { comparePositions, positionOf } from "../core/position.js";
import { useAnnouncer } from "./announcer.js";
import { countText } from "./count.js";

/**
 * Show entries as they come. A new entry waits behind a button if it would move what is read, or if nobody looks. All
 * other changes are shown at once.
 *
 * @param {View} view
 * @param {(count: number) => void} tell is told how many entries wait
 */
export function useEntries({ part, feed, reading, live: { state }, setting, choices }, tell) {
  const announce = useAnnouncer(part("announcer"), setting, choices);
  const button = part("fresh").firstElementChild;
  /** Ids of the entries that wait behind the button. @type {Set<string>} */
  const waiting = new Set();

  /** Return whether the reader is where new entries are inserted, and this moves nothing that is read. */
  const isOpen = () =>
    !choices.paused && !document.hidden && !state.newer && (feed.newestFirst ? reading.isBefore : reading.atEnd);

  /**
   * Put an entry into the feed.
   *
   * @param {string} id
   * @param {boolean} isFresh whether to highlight it
   */
  const put = (id, isFresh) => {
    const entry = state.entry(id);
    const fresh = entry && setting.article(entry);
    const article = fresh && feed.put(entry, fresh);
    if (isFresh && article && !isCalm()) highlight(article);
    return article;
  };

  let { head } = state;
  let told = 0;
  /**
   * Show, announce or remove the entries that have changed.
   *
   * @param {string[]} changed
   * @param {boolean} reset
   */
  const show = (changed, reset) => {
    const mayInsert = reset || (!feed.newest && !choices.paused) || (isOpen() && !waiting.size && !reading.isAtGoal);
    const ids = reset ? new Set([...changed, ...waiting]) : changed;
    if (reset) waiting.clear();
    for (const id of ids) {
      const entry = state.entry(id);
      const article = feed.article(id);
      const isNew = !!entry && !article && (!head || comparePositions(positionOf(entry), head) > 0);
      if (entry && !reset && (isNew || article)) announce(entry, isNew && !waiting.has(id));
      if (!entry) {
        waiting.delete(id);
        article?.remove();
      } else if (isNew && !mayInsert) {
        waiting.add(id);
      } else if (!waiting.has(id)) {
        put(id, isNew && !reset);
      }
    }
    head = state.head;
  };

  /** Show the waiting entries. Return the first of them. */
  const reveal = () => {
    const articles = [...waiting].map((id) => put(id, true));
    waiting.clear();
    return feed.newestFirst ? feed.articles[0] : articles[0];
  };

  /** Update numbers and button, which depend on all entries together. */
  const arrange = () => {
    feed.number(state.older === null && state.newer === null);
    const { length } = [...waiting].filter((id) => {
      const entry = state.entry(id);
      return entry?.status === "published" && (choices.show === "all" || entry.key);
    });
    button.hidden = !length;
    if (length) button.textContent = countText(setting, length);
    part("empty").hidden = feed.articles.some(({ classList }) => choices.show === "all" || classList.contains("key"));
    if (told !== length) tell((told = length));
  };

  return { isOpen, show, reveal, arrange, waiting };
}

/** Return whether the reader prefers reduced motion. */
function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Highlight a new article for a moment, without a trace in the document.
 *
 * @param {HTMLElement} article
 */
function highlight(article) {
  article.animate([{ backgroundColor: "var(--fresh)" }, { backgroundColor: "transparent" }], {
    duration: 2500,
    easing: "ease-out",
  });
}
