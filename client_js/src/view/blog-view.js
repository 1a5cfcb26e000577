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
import { dayIn, localise } from "./times.js";
import { useTools } from "./tools.js";

/**
 * Registers a function that adds listeners outside of the view. It is called at each start of the view; the signal
 * removes the listeners.
 *
 * @typedef {(begin: (signal: AbortSignal) => void) => void} WhileShown
 */

/**
 * The view of a blog. `start` follows the blog until the signal; `has` returns whether an entry is loaded, shown or
 * waiting; `goTo` scrolls to an entry and, if necessary, first loads up to `pages` older pages.
 *
 * @typedef {object} BlogView
 * @property {(signal: AbortSignal) => void} start
 * @property {(id: string) => boolean} has
 * @property {(id: string, pages?: number) => Promise<void>} goTo
 */

/**
 * Show a blog in the parts of a container, which are those of `templates/blog.html`, and keep them up to date.
 *
 * @param {ParentNode} container
 * @param {BareLiveBlog} live
 * @param {Setting} setting
 * @param {boolean} newest whether this is the newest page
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
      // The link to older entries stands where they will be inserted
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
    // Follow a link to a loaded entry without leaving the page
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

  const clock = () => `${setting.timeZone()} ${dayIn(setting.timeZone())}`;
  let before = clock();
  // After midnight, times need the day
  const renewTimes = () => {
    if (before !== (before = clock())) localise(container, setting.language, setting.timeZone());
  };
  whileShown((signal) => {
    const timer = setInterval(renewTimes, 60_000);
    signal.addEventListener("abort", () => clearInterval(timer));
  });
  live.addEventListener("change", (event) => {
    const outcome = /** @type {CustomEvent<Applied>} */ (event).detail;
    // Change everything in one task, so that the screen never shows anything between two cursors
    const change = () => {
      entries.show(outcome.changed, outcome.reset);
      showSurroundings(outcome);
      entries.arrange();
    };
    keepFocus(list, () => reading.hold(change));
    renewTimes();
  });

  const start = (/** @type {AbortSignal} */ signal) => {
    for (const begin of beginnings) begin(signal);
    signal.addEventListener("abort", () => live.stop());
    live.start();
  };
  return { start, has, goTo };
}

/** Return the id of the entry that a fragment names. @param {string} hash */
export function entryIn(hash) {
  return /^#entry-([\w-]+)$/.exec(hash)?.[1];
}
