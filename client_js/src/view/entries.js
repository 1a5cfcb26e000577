/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { Feed } from "./feed.js" */
/** @import { WhileShown } from "./blog-view.js" */
/** @import { Reading } from "./reading.js" */
/** @import { Setting } from "./setting.js" */
/** @import { Choices } from "./tools.js" */
import { comparePlaces, placeOf } from "../core/place.js";
import { useAnnouncer } from "./announcer.js";
import { countText } from "./count.js";
import { useVisits } from "./visits.js";

/**
 * Show entries as they come. New ones wait behind a button while the reader is busy with others; whatever else changes
 * is shown at once.
 *
 * @param {(name: string) => HTMLElement} part finds one by its name
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
  /** The ids of those that wait. @type {Set<string>} */
  const waiting = new Set();

  /** Whether the reader sees where new entries come in, and wants to. */
  const isSeen = () => !choices.paused && (feed.newestFirst ? reading.atTop : reading.atEnd);

  /**
   * @param {string} id
   * @param {boolean} isFresh whether to draw the eye to it
   */
  const put = (id, isFresh) => {
    const entry = state.entry(id);
    const fresh = entry && setting.article(entry);
    const article = fresh && feed.put(entry, fresh);
    if (isFresh && article && !isCalm()) highlight(article);
    return article;
  };

  /**
   * @param {string[]} changed
   * @param {boolean} reset
   */
  const show = (changed, reset) => {
    const { newest } = feed;
    const isOpen = reset || isSeen() || (!newest && !choices.paused);
    for (const id of changed) {
      const entry = state.entry(id);
      const article = feed.article(id);
      const isNew = !!entry && !article && (!newest || comparePlaces(placeOf(entry), newest) > 0);
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

  /** Show what has waited; the newest of it gets the focus if the reader has asked for it. */
  const reveal = (isAsked = false) => {
    const articles = [...waiting].map((id) => put(id, true));
    waiting.clear();
    arrange();
    if (!isAsked) return;
    const first = feed.newestFirst ? feed.articles[0] : articles[0];
    first?.scrollIntoView({ behavior: isCalm() ? "instant" : "smooth", block: "start" });
    first?.focus({ preventScroll: true });
  };

  /** What depends on all of them together. */
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

/** Whether the reader wants nothing to move. */
function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Draw the eye to what has just come in. It leaves no trace in the document.
 *
 * @param {HTMLElement} article
 */
function highlight(article) {
  article.animate([{ backgroundColor: "var(--fresh)" }, { backgroundColor: "transparent" }], {
    duration: 2500,
    easing: "ease-out",
  });
}
