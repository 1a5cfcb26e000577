/** @import { Desk, StoredEntry } from "../types.js" */
/** @import { Timeline } from "./timeline.js" */
import { find } from "../ui/dom.js";

/**
 * Let older entries come into the timeline: those before the ones that there are, and single ones that were searched.
 *
 * @param {HTMLElement} main
 * @param {Desk} desk
 * @param {Timeline} timeline
 */
export function startOlder(main, desk, timeline) {
  const more = /** @type {HTMLButtonElement} */ (find(main, "[data-do=older]"));
  const view = `view=html&lang=${encodeURIComponent(desk.language)}`;
  /** @type {string | undefined} */
  let address;

  /**
   * @param {StoredEntry[]} entries
   * @param {{id: string, html?: string}[]} shown the same as readers see them
   */
  const take = (entries, shown) => {
    const articles = new Map(shown.map(({ id, html }) => [id, html ?? ""]));
    for (const entry of entries) {
      if (!timeline.entries.get(entry.id)) {
        timeline.entries.take({ entry, version: entry.version, html: articles.get(entry.id) ?? "" });
      }
    }
  };

  more.addEventListener("click", async () => {
    if (!address) return;
    more.disabled = true;
    const before = new URL(address, location.href).searchParams.get("before") ?? "";
    const readers = `/blogs/${desk.blog}/entries?before=${encodeURIComponent(before)}&limit=50&${view}`;
    const [answer, shown] = await Promise.all([desk.api.get(address), desk.api.get(readers)]);
    more.disabled = false;
    if (!answer.ok) return desk.say("Older entries cannot be loaded now. Try again.", "bad");
    take(answer.body.entries, shown.body?.entries ?? []);
    address = answer.body.next;
    more.hidden = !address;
    timeline.focusLater(answer.body.entries[0]?.id ?? "");
  });

  desk.load = async (id) => {
    const path = `${desk.blog}/entries/${id}`;
    const [answer, shown] = await Promise.all([desk.api.get(`/api/blogs/${path}`), desk.api.get(`/blogs/${path}?${view}`)]);
    if (answer.ok) take([answer.body], [shown.body?.entry ?? shown.body ?? { id }]);
    return timeline.entries.get(id);
  };

  return {
    /** Begin before the entries of a snapshot. @param {string | undefined} next */
    reset(next) {
      address = next;
      more.hidden = !next;
    },
  };
}
