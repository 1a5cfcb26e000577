/** @import { Beat, Entry, Header, Page, Update } from "./messages.js" */
/** @import { Place } from "./place.js" */
import { comparePlaces, oldestPlace, placeOf } from "./place.js";

/**
 * What became of a message:
 *
 * - `applied`: show it. `changed` are the ids of the entries that are new, different or not there any more,
 *   `header` whether the header may differ, `reset` whether everything was replaced;
 * - `waiting`: a part of something that is shown when it is whole;
 * - `ignored`: there is nothing in it that the state does not have;
 * - `gap`: something is missing before it. Ask again from `cursor`.
 *
 * @typedef {{kind: "applied", changed: string[], header: boolean, reset: boolean}} Applied
 * @typedef {Applied | {kind: "waiting"} | {kind: "ignored"} | {kind: "gap"}} Outcome
 */

/**
 * Where to begin, for a page that has something already.
 *
 * @typedef {object} Start
 * @property {string | null} [cursor]
 * @property {Header | null} [header]
 * @property {Entry[]} [entries]
 * @property {string | null} [older]
 * @property {Place | null} [before] entries from here upwards belong to another page
 */

/**
 * A blog as one reader has it: the state of one cursor, within the pages that are loaded (contract, sections 1
 * and 2). Messages go in, what to show comes out. It knows nothing of networks and documents.
 */
export class State {
  /** @type {Map<string, Entry>} */
  #entries;
  /** Older than what is loaded, but newer than the page they will come with: kept so that they win over it.
   * @type {Map<string, Entry>} */
  #keptOut = new Map();
  /** Entries before this place are not loaded; null if all are. @type {Place | null} */
  #oldest;
  /** @type {Place | null} */
  #before;
  /** The parts of a catch-up so far. @type {Update[]} */
  #parts = [];
  /** An older page that is ahead of the cursor. @type {Page | null} */
  #page = null;
  /** The seq from which on every change was seen. */
  #begun;

  /** @param {Start} [start] */
  constructor({ cursor = null, header = null, entries = [], older = null, before = null } = {}) {
    /** @type {string | null} Where the reader is; null for nowhere. */
    this.cursor = cursor;
    /** @type {Header | null} As it was last sent; null until then. */
    this.header = header;
    /** @type {string | null} The address of the entries before the oldest loaded one, if there are any. */
    this.older = older;
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    this.#oldest = older === null ? null : oldestPlace(entries);
    this.#before = before;
    this.#begun = seqOf(cursor);
  }

  /** What is loaded, newest first. */
  get entries() {
    return [...this.#entries.values()].sort((a, b) => comparePlaces(placeOf(b), placeOf(a)));
  }

  /**
   * An entry that is loaded.
   *
   * @param {string} id
   */
  entry(id) {
    return this.#entries.get(id);
  }

  /**
   * An entry, loaded or not, as far as it is known: the pinned one may be on an older page.
   *
   * @param {string} id
   */
  find(id) {
    return this.#entries.get(id) ?? this.#keptOut.get(id);
  }

  /**
   * Take a message from the server.
   *
   * @param {Update | Beat} message
   * @returns {Outcome}
   */
  apply(message) {
    const reached = this.#parts.at(-1)?.cursor ?? this.cursor; // where the next update must begin
    if (message.from === null) {
      this.#parts = [];
    } else if (message.from !== reached) {
      if (message.cursor === reached || seqOf(message.cursor) < seqOf(reached)) return IGNORED;
      this.#parts = [];
      return GAP;
    }
    this.#parts.push(message);
    return message.more ? WAITING : this.#commit();
  }

  /** The connection is gone, and with it the rest of what came in part. */
  disconnected() {
    this.#parts = [];
  }

  /**
   * Take a page of older entries. It may be newer than the state, then it waits, or older, then what has changed
   * since counts: the reader never sees a mixture.
   *
   * @param {string} address where it was asked for; pages that were overtaken by a reset are ignored by this
   * @param {Page} page
   * @returns {Outcome} `gap`: it is too old, ask again
   */
  addPage(address, page) {
    if (address !== this.older) return IGNORED;
    const [seq, own] = [seqOf(page.cursor), seqOf(this.cursor)];
    if (seq < this.#begun || (seq === own && page.cursor !== this.cursor)) return GAP;
    if (seq > own) {
      this.#page = page;
      return WAITING;
    }
    return applied(this.#add(page));
  }

  #commit() {
    const parts = this.#parts;
    this.#parts = [];
    /** @type {Set<string>} */
    const changed = new Set();
    const reset = parts[0].from === null;
    if (reset) this.#forget(changed);
    const header = this.#take(parts, changed) || reset;
    if (reset) this.#begin(parts);
    for (const id of this.#addWaitingPage()) changed.add(id);
    return applied(changed, header, reset);
  }

  /** @param {Set<string>} changed */
  #forget(changed) {
    for (const id of this.#entries.keys()) changed.add(id);
    this.#entries.clear();
    this.#keptOut.clear();
    this.#oldest = this.#before = this.header = this.#page = null;
  }

  /** @param {Update[]} parts of a reset */
  #begin(parts) {
    this.older = parts.find((part) => part.older)?.older ?? null;
    this.#oldest = this.older === null ? null : oldestPlace(this.#entries.values());
    this.#begun = seqOf(this.cursor);
  }

  /**
   * @param {Update[]} parts
   * @param {Set<string>} changed
   */
  #take(parts, changed) {
    let header = false;
    for (const part of parts) {
      if (part.header) {
        this.header = part.header;
        header = true;
      }
      for (const entry of part.entries) if (this.#put(entry)) changed.add(entry.id);
      this.cursor = part.cursor;
    }
    return header;
  }

  /**
   * @param {Entry} entry
   * @returns {boolean} whether what is loaded is different now
   */
  #put(entry) {
    const known = this.find(entry.id);
    if (known && known.seq >= entry.seq) return false;
    const place = placeOf(entry);
    if (this.#oldest !== null && comparePlaces(place, this.#oldest) < 0) {
      this.#keptOut.set(entry.id, entry);
      return this.#entries.delete(entry.id);
    }
    if (this.#before !== null && comparePlaces(place, this.#before) >= 0) return this.#entries.delete(entry.id);
    this.#keptOut.delete(entry.id);
    this.#entries.set(entry.id, entry);
    return true;
  }

  #addWaitingPage() {
    const page = this.#page;
    if (page === null || seqOf(page.cursor) > seqOf(this.cursor)) return [];
    this.#page = null;
    // The same seq with another tag is another line: the page is no part of this state
    return seqOf(page.cursor) === seqOf(this.cursor) && page.cursor !== this.cursor ? [] : this.#add(page);
  }

  /**
   * @param {Page} page
   * @returns {Set<string>}
   */
  #add(page) {
    this.older = page.older ?? null;
    this.#oldest = this.older === null ? null : oldestPlace(page.entries);
    const changedSince = [...this.#keptOut.values()];
    this.#keptOut.clear();
    /** @type {Set<string>} */
    const changed = new Set();
    for (const entry of [...page.entries, ...changedSince]) if (this.#put(entry)) changed.add(entry.id);
    return changed;
  }
}

/** @type {{kind: "waiting"}} */
const WAITING = { kind: "waiting" };
/** @type {{kind: "ignored"}} */
const IGNORED = { kind: "ignored" };
/** @type {{kind: "gap"}} */
const GAP = { kind: "gap" };

/**
 * @param {Iterable<string>} changed
 * @returns {Applied}
 */
function applied(changed, header = false, reset = false) {
  return { kind: "applied", changed: [...changed], header, reset };
}

/**
 * The number in a cursor; -1 for no cursor at all, which is before "0".
 *
 * @param {string | null} cursor
 */
function seqOf(cursor) {
  return cursor === null ? -1 : Number.parseInt(cursor, 10);
}
