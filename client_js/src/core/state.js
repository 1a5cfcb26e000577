/** @import { Beat, Entry, Header, Page, Update } from "./messages.js" */
/** @import { Place } from "./place.js" */
import { comparePlaces, placeOf } from "./place.js";

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
 * A blog as one reader has it: the state of one cursor, within the pages that are loaded (docs/reference/protocol.md,
 * "State" and "Messages to readers"). Messages go in, what to show comes out. It knows nothing of networks and documents.
 */
export class State {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** Older than what is loaded, but newer than the page they will come with: kept so that they win over it.
   * @type {Map<string, Entry>} */
  #keptOut = new Map();
  /** Entries before this place are not loaded; null if all are. @type {Place | null} */
  #oldest = null;
  /** Entries from this place upwards belong to another page. @type {Place | null} */
  #before = null;
  /** The parts of a catch-up so far. @type {Update[]} */
  #parts = [];
  /** An older page that is ahead of the cursor. @type {Page | null} */
  #page = null;
  /** The seq from which on every change was seen. */
  #begun;
  /** The ids of the entries that are other ones by what is being taken. @type {Set<string>} */
  #changed = new Set();

  /** @param {Start} [start] */
  constructor({ cursor = null, header = null, entries = [], older = null, before = null } = {}) {
    /** @type {string | null} Where the reader is; null for nowhere. */
    this.cursor = cursor;
    /** @type {Header | null} As it was last sent; null until then. */
    this.header = header;
    /** @type {string | null} The address of the entries before the oldest loaded one, if there are any. */
    this.older = older;
    /** @type {Record<string, string>} In HTML, the markup around the entries that has come and is not taken out yet. */
    this.parts = {};
    this.#put(entries);
    this.#endAt(older);
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
      if (message.cursor === reached || seqOf(message.cursor) < seqOf(reached)) return { kind: "ignored" };
      this.#parts = [];
      return { kind: "gap" };
    }
    this.#parts.push(message);
    return message.more ? { kind: "waiting" } : this.#commit();
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
    if (address !== this.older) return { kind: "ignored" };
    this.#changed.clear();
    return this.#addWhenDue(page);
  }

  #commit() {
    const parts = this.#parts;
    this.#parts = [];
    this.#changed.clear();
    const reset = parts[0].from === null;
    let header = reset;
    if (reset) {
      for (const id of this.#entries.keys()) this.#changed.add(id);
      this.#entries.clear();
      this.#keptOut.clear();
      this.#oldest = this.#before = this.header = this.#page = null;
      this.parts = {};
    }
    for (const part of parts) {
      if (part.header) {
        this.header = part.header;
        header = true;
      }
      this.#put(part.entries);
      Object.assign(this.parts, part.parts);
      this.cursor = part.cursor;
    }
    if (reset) {
      this.#endAt(parts.find((part) => part.older)?.older);
      this.#begun = seqOf(this.cursor);
    }
    const page = this.#page;
    this.#page = null;
    if (page) this.#addWhenDue(page);
    return this.#applied(header, reset);
  }

  /** @param {Entry[]} entries */
  #put(entries) {
    for (const entry of entries) {
      const { id, seq } = entry;
      if (seq <= (this.find(id)?.seq ?? -1)) continue;
      const place = placeOf(entry);
      const isOlder = this.#oldest && comparePlaces(place, this.#oldest) < 0;
      if (isOlder || (this.#before && comparePlaces(place, this.#before) >= 0)) {
        if (isOlder) this.#keptOut.set(id, entry);
        if (this.#entries.delete(id)) this.#changed.add(id);
      } else {
        this.#keptOut.delete(id);
        this.#entries.set(id, entry);
        this.#changed.add(id);
      }
    }
  }

  /**
   * Add a page, or let it wait while it is ahead of the cursor.
   *
   * @param {Page} page
   * @returns {Outcome}
   */
  #addWhenDue(page) {
    const [seq, own] = [seqOf(page.cursor), seqOf(this.cursor)];
    if (seq > own) {
      this.#page = page;
      return { kind: "waiting" };
    }
    // The same seq with another tag is another line: the page is no part of this state
    if (seq < this.#begun || (seq === own && page.cursor !== this.cursor)) return { kind: "gap" };
    this.#page = null;
    const changedSince = [...this.#keptOut.values()];
    this.#keptOut.clear();
    this.#oldest = null;
    this.#put(page.entries);
    this.#endAt(page.older);
    this.#put(changedSince);
    Object.assign(this.parts, page.parts);
    return this.#applied();
  }

  /** What is loaded ends with its oldest entry, if there are older ones at an address. @param {string | null} [older] */
  #endAt(older = null) {
    const oldest = this.entries.at(-1);
    this.older = older;
    this.#oldest = older && oldest ? placeOf(oldest) : null;
  }

  /** @returns {Applied} */
  #applied(header = false, reset = false) {
    return { kind: "applied", changed: [...this.#changed], header, reset };
  }
}

/**
 * The number in a cursor; -1 for no cursor at all, which is before "0".
 *
 * @param {string | null} cursor
 */
function seqOf(cursor) {
  return cursor === null ? -1 : parseInt(cursor);
}
