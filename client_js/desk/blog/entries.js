/** @import { DeskEntry } from "../types.js" */

/** @typedef {"undo" | "submitted" | "scheduled" | "draft" | "published"} Group */

/** @type {Record<Group, string>} */
export const GROUPS = {
  undo: "About to be published",
  submitted: "Submitted",
  scheduled: "Scheduled",
  draft: "Drafts",
  published: "Published",
};

/** Published entries that the desk keeps. Older ones come by "Older entries" and by the search. */
const MAX_KEPT = 500;

/** The entries of a blog as the desk knows them. */
export class Entries {
  /** @type {Map<string, DeskEntry>} */
  #known = new Map();

  /** @param {number} undoSeconds */
  constructor(undoSeconds) {
    this.undoSeconds = undoSeconds;
  }

  /** Replace all that is known. @param {DeskEntry[]} entries */
  reset(entries) {
    this.#known = new Map(entries.map((one) => [one.entry.id, one]));
  }

  /** Take a newer state of an entry. Return whether it is newer. @param {DeskEntry} one */
  take(one) {
    const known = this.#known.get(one.entry.id);
    if (known && known.version > one.version) return false;
    this.#known.set(one.entry.id, one);
    const older = this.sorted().published.slice(MAX_KEPT);
    for (const { entry } of older) this.#known.delete(entry.id);
    return true;
  }

  /** @param {string} id */
  remove(id) {
    return this.#known.delete(id);
  }

  /** @param {string} id */
  get(id) {
    return this.#known.get(id);
  }

  /** Return the tags in use, those used most first. */
  tags() {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { entry } of this.#known.values()) {
      for (const tag of entry.tags ?? []) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    return [...counts].sort(([, one], [, other]) => other - one).map(([tag]) => tag);
  }

  /** Return the entries of each group in the order of the timeline. @returns {Record<Group, DeskEntry[]>} */
  sorted() {
    /** @type {Record<Group, DeskEntry[]>} */
    const groups = { undo: [], submitted: [], scheduled: [], draft: [], published: [] };
    for (const one of this.#known.values()) groups[this.group(one)].push(one);
    const by = (/** @type {(one: DeskEntry) => string} */ key, up = 1) => {
      return (/** @type {DeskEntry} */ a, /** @type {DeskEntry} */ b) => {
        const [one, other] = [key(a) + a.entry.id, key(b) + b.entry.id];
        return one < other ? -up : one > other ? up : 0;
      };
    };
    groups.published.sort(by(({ entry }) => entry.published_at ?? "", -1));
    for (const group of [groups.undo, groups.scheduled]) group.sort(by(({ entry }) => entry.publish_at ?? ""));
    for (const group of [groups.submitted, groups.draft]) group.sort(by(() => ""));
    return groups;
  }

  /** @param {DeskEntry} one @returns {Group} */
  group({ entry }) {
    if (entry.status === "draft") return entry.submitted ? "submitted" : "draft";
    if (entry.status !== "scheduled") return "published";
    return this.secondsToUndo(entry) > 0 ? "undo" : "scheduled";
  }

  /**
   * Return for how many seconds a publication can still be taken back; 0 for entries that were scheduled for later.
   *
   * @param {DeskEntry["entry"]} entry
   */
  secondsToUndo({ status, publish_at }) {
    if (status !== "scheduled" || !publish_at || !this.undoSeconds) return 0;
    const left = (Date.parse(publish_at) - Date.now()) / 1000;
    return left <= this.undoSeconds + 1 ? Math.max(0, Math.ceil(left)) : 0;
  }
}
