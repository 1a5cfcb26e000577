/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { Applied } from "../core/state.js" */
/** @import { Macros } from "./macros.js" */
/** @import { Choices } from "./tools.js" */
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
 * Show a blog in the parts of a container, as they are in `templates/blog.html`, and keep them up to date.
 *
 * @param {ParentNode} container
 * @param {LiveBlog} live
 * @param {Macros} macros
 * @param {boolean} newest whether it is the newest page
 * @returns {(id: string, pages: number) => Promise<boolean>} brings an entry into view, also one that waits or has to be
 *   loaded, with so many older pages at most; whether it is there
 */
export function showBlog(container, live, macros, newest) {
  /** @param {string} name @returns {HTMLElement} */
  const part = (name) => /** @type {HTMLElement} */ (container.querySelector(`[data-part="${name}"]`));
  const list = part("entries");
  const feed = new Feed(list);
  const reading = new Reading(list);
  const choices = useTools(part("tools"), (changed) => choose(changed));
  const entries = useEntries(part, feed, reading, live, macros, choices);
  const loadOlder = useOlder(part("pages"), feed, live, macros.texts);
  const showStatus = useStatus(part("status"), live, macros);
  const showSurroundings = useSurroundings(part, live, macros, newest, showStatus);

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
      part("empty").textContent = macros.texts[choices.show === "key" ? "empty_key" : "empty"];
    }
    if (changed === "paused" && entries.isSeen()) entries.reveal();
    else entries.arrange();
  };

  choose("order");
  localise(container, macros.language);
  list.addEventListener("click", (click) => openEmbed(click, macros));
  const look = () => entries.waiting.size && entries.isSeen() && keepFocus(list, entries.reveal);
  addEventListener("scroll", look, { passive: true, capture: true });

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
    if (today !== (today = new Date().getDate())) localise(container, macros.language);
  });

  return async (id, pages) => {
    if (entries.waiting.has(id)) entries.reveal();
    while (pages-- > 0 && !feed.article(id) && (await loadOlder()));
    const article = feed.article(id);
    article?.scrollIntoView();
    article?.focus({ preventScroll: true });
    return article !== null;
  };
}
