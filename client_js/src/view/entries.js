/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { Feed } from "./feed.js" */
/** @import { WhileShown } from "./blog-view.js" */
/** @import { Reading } from "./reading.js" */
/** @import { Setting } from "./setting.js" */
/** @import { Choices } from "./tools.js" */
import { comparePositions, positionOf } from "../core/position.js";
import { useAnnouncer } from "./announcer.js";
import { countText } from "./count.js";
import { useVisits } from "./visits.js";

/**
 * Show entries as they come. New entries wait behind a button while the reader is elsewhere on the page. All other
 * changes are shown at once.
 *
 * @param {(name: string) => HTMLElement} part returns a part by name
 * @param {Feed} feed
 * @param {Reading} reading
 * @param {BareLiveBlog} live
 * @param {Setting} setting
 * @param {Choices} choices
 * @param {WhileShown} whileShown
 */
export function useEntries(part, feed, reading, { state }, setting, choices, whileShown) {
  const announce = useAnnouncer(part("announcer"), setting, choices);
  const markVisit = useVisits(setting.home, feed, part("visited"), whileShown);
  const button = /** @type {HTMLElement} */ (part("fresh").firstElementChild);
  /** Ids of the entries that wait behind the button. @type {Set<string>} */
  const waiting = new Set();

  /** Return whether the reader sees where new entries are inserted, and has not paused them. */
  const isSeen = () => !choices.paused && (feed.newestFirst ? reading.atTop : reading.atEnd);

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

  /**
   * Show, announce or remove the entries that have changed.
   *
   * @param {string[]} changed
   * @param {boolean} reset
   */
  const show = (changed, reset) => {
    const { newest } = feed;
    const isOpen = reset || isSeen() || (!newest && !choices.paused);
    for (const id of changed) {
      const entry = state.entry(id);
      const article = feed.article(id);
      const isNew = !!entry && !article && (!newest || comparePositions(positionOf(entry), newest) > 0);
      if (entry && !reset && (isNew || article)) announce(entry, isNew && !waiting.has(id));
      if (!entry) {
        waiting.delete(id);
        article?.remove();
      } else if (isNew && !isOpen) {
        waiting.add(id);
      } else if (!waiting.has(id)) {
        put(id, isNew && !reset);
      }
    }
    if (reset) waiting.clear();
  };

  /** Show the waiting entries. If the reader asked for them, move the focus to the first one. */
  const reveal = (isAsked = false) => {
    const articles = [...waiting].map((id) => put(id, true));
    waiting.clear();
    arrange();
    if (!isAsked) return;
    const first = feed.newestFirst ? feed.articles[0] : articles[0];
    first?.scrollIntoView({ behavior: isCalm() ? "instant" : "smooth", block: "start" });
    first?.focus({ preventScroll: true });
  };

  /** Update numbers, divider and button, which depend on all entries together. */
  const arrange = () => {
    feed.number(state.older === null);
    markVisit();
    const { length } = [...waiting].filter((id) => {
      const entry = state.entry(id);
      return entry?.status === "published" && (choices.show === "all" || entry.key);
    });
    button.hidden = !length;
    if (length) button.textContent = countText(setting, length);
  };

  button.onclick = () => reveal(true);
  return { isSeen, show, reveal, arrange, waiting };
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
