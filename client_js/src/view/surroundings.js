/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { BlogStatus } from "../core/messages.js" */
/** @import { Applied } from "../core/state.js" */
/** @import { Macros, Name } from "./macros.js" */
import { keyEvents } from "./key-events.js";

/**
 * Show what is around the entries: title, related stories, the pinned entry, key events, the ways to other pages.
 *
 * @param {(name: string) => HTMLElement} part finds one by its name
 * @param {LiveBlog} live
 * @param {Macros} macros
 * @param {boolean} newest whether this is the newest page
 * @param {(status: BlogStatus) => void} showStatus
 * @returns {(outcome: Applied) => void} to be told of a change
 */
export function useSurroundings(part, { state }, macros, newest, showStatus) {
  /**
   * Show in a part what a macro makes, unless it shows that already.
   *
   * @param {string} name of the part
   * @param {Name} macro
   * @param {Record<string, unknown>} values
   */
  const fill = (name, macro, values) => {
    const made = macros.make(macro, values);
    if (!made || !part(name).firstElementChild?.isEqualNode(made)) part(name).replaceChildren(...(made ? [made] : []));
  };

  /** @param {Applied} outcome */
  const showPinned = ({ changed, reset }) => {
    const shown = part("pinned").querySelector("aside")?.dataset.entry;
    const id = state.header ? state.header.pinned : shown;
    const known = id && state.find(id);
    const loaded = id && state.entry(id);
    // Of what came with the page, no more is known here than is shown
    if (id === shown && !reset && !(known && (!loaded || changed.includes(id)))) return;
    const entry = known || (id && { id, status: "published" });
    const isThere = entry && entry.status === "published";
    fill("pinned", "pinned_aside", { entry: isThere && { ...entry, away: !loaded } });
  };

  return (outcome) => {
    const { header, older } = state;
    newest ||= outcome.reset;
    if (outcome.header && header) {
      const { image, related, status } = header;
      fill("title", "title", { header: { ...header, image: image && macros.media(image) } });
      fill("related", "related_aside", { related });
      showStatus(status);
    }
    if (newest) {
      showPinned(outcome);
      fill("key-events", "key_events_nav", { entries: keyEvents(part("key-events"), state, outcome.changed) });
    }
    fill("pages", "pages_nav", { older: older?.replace(/.*\?/, ""), newest });
  };
}
