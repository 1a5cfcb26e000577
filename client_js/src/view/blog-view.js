/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { Applied } from "../core/state.js" */
/** @import { Setting } from "./setting.js" */
/** @import { Choices } from "./tools.js" */
import { isPlain } from "./clicks.js";
import { openEmbed } from "./embeds.js";
import { useEntries } from "./entries.js";
import { Feed } from "./feed.js";
import { keepFocus } from "./focus.js";
import { useOlder } from "./older.js";
import { Reading } from "./reading.js";
import { useStatus } from "./status.js";
import { useSurroundings } from "./surroundings.js";
import { localise } from "./times.js";
import { useTools } from "./tools.js";

/**
 * Called each time that the view begins to be shown, to listen to what is outside of it; the signal ends that.
 *
 * @typedef {(begin: (signal: AbortSignal) => void) => void} WhileShown
 */

/**
 * What shows a blog: `start` listens and follows until a signal; `has` tells whether an entry is here, be it that it
 * waits; `goTo` brings one into view, also one that has to be loaded, with so many older pages at most.
 *
 * @typedef {object} BlogView
 * @property {(signal: AbortSignal) => void} start
 * @property {(id: string) => boolean} has
 * @property {(id: string, pages?: number) => Promise<void>} goTo
 */

/**
 * Show a blog in the parts of a container, as they are in `templates/blog.html`, and keep them up to date.
 *
 * @param {ParentNode} container
 * @param {BareLiveBlog} live
 * @param {Setting} setting
 * @param {boolean} newest whether it is the newest page
 * @returns {BlogView}
 */
export function showBlog(container, live, setting, newest) {
  /** @param {string} name @returns {any} */
  const part = (name) => container.querySelector(`[data-part="${name}"]`);
  /** @type {((signal: AbortSignal) => void)[]} */
  const beginnings = [];
  /** @type {WhileShown} */
  const whileShown = (begin) => void beginnings.push(begin);
  const list = part("entries");
  const feed = new Feed(list);
  const reading = new Reading(list);
  const choices = useTools(part("tools"), (changed) => choose(changed));
  const entries = useEntries(part, feed, reading, live, setting, choices, whileShown);
  const loadOlder = useOlder(part("pages"), feed, live, setting.texts, whileShown);
  const showStatus = useStatus(part("status"), live, setting, whileShown);
  const showSurroundings = useSurroundings(part, live.state, setting, newest, showStatus);

  /** @param {keyof Choices} changed */
  const choose = (changed) => {
    const newestFirst = choices.order === "newest";
    if (feed.newestFirst !== newestFirst) {
      feed.newestFirst = newestFirst;
      // Older entries come in where they belong, and so does the way to them
      if (newestFirst) part("empty").after(part("pages"));
      else list.before(part("pages"));
    }
    if (changed === "show") {
      list.dataset.show = choices.show;
      part("empty").textContent = setting.texts[choices.show === "key" ? "empty_key" : "empty"];
    }
    if (changed === "paused" && entries.isSeen()) entries.reveal();
    else entries.arrange();
  };

  /** @param {string} id */
  const has = (id) => feed.article(id) !== null || entries.waiting.has(id);

  /** @param {string} id */
  const goTo = async (id, pages = 0) => {
    if (entries.waiting.has(id)) entries.reveal();
    while (pages-- > 0 && !feed.article(id) && (await loadOlder()));
    const article = feed.article(id);
    article?.scrollIntoView();
    article?.focus({ preventScroll: true });
  };

  choose("order");
  setting.settle(container);
  list.addEventListener("click", (/** @type {MouseEvent} */ click) => openEmbed(click, part("frame")));
  for (const name of ["pinned", "key-events"]) {
    // A link to an entry that is here needs no other page
    part(name).addEventListener("click", (/** @type {MouseEvent} */ click) => {
      const { hash = "" } = /** @type {HTMLElement} */ (click.target).closest("a") ?? {};
      const id = entryIn(hash);
      if (!id || !has(id) || !isPlain(click)) return;
      click.preventDefault();
      if (location.hash === hash) void goTo(id);
      else location.hash = hash;
    });
  }
  const look = () => entries.waiting.size && entries.isSeen() && keepFocus(list, entries.reveal);
  whileShown((signal) => addEventListener("scroll", look, { passive: true, capture: true, signal }));

  let today = new Date().getDate();
  live.addEventListener("change", (event) => {
    const outcome = /** @type {CustomEvent<Applied>} */ (event).detail;
    // Everything at once, in one task: what is on the screen is never between two cursors
    const change = () => {
      entries.show(outcome.changed, outcome.reset);
      showSurroundings(outcome);
      entries.arrange();
    };
    // What the reader is at, with the eyes or by keyboard, stays
    keepFocus(list, () => reading.hold(change));
    // At midnight, "14:02" becomes yesterday's
    if (today !== (today = new Date().getDate())) localise(container, setting.language);
  });

  const start = (/** @type {AbortSignal} */ signal) => {
    for (const begin of beginnings) begin(signal);
    signal.addEventListener("abort", () => live.stop());
    live.start();
  };
  return { start, has, goTo };
}

/** The entry that the end of an address names. @param {string} hash */
export function entryIn(hash) {
  return /^#entry-([\w-]+)$/.exec(hash)?.[1];
}
