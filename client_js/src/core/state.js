/** @import { Beat, Entry, Header, Page, Update } from "./messages.js" */
/** @import { Position } from "./position.js" */
import { comparePositions, positionOf } from "./position.js";

/**
 * The effect of a message on the state:
 *
 * - `applied`: the state has changed. `changed`: the ids of the entries that are new, changed or gone; `header`:
 *   whether the header may differ; `reset`: whether everything was replaced;
 * - `waiting`: the message is a part, and the rest has not arrived yet;
 * - `ignored`: the state has the content of the message already;
 * - `gap`: something is missing before the message. Ask again from `cursor`.
 *
 * @typedef {{kind: "applied", changed: string[], header: boolean, reset: boolean}} Applied
 * @typedef {Applied | {kind: "waiting"} | {kind: "ignored"} | {kind: "gap"}} Outcome
 */

/**
 * The initial state.
 *
 * @typedef {object} Start
 * @property {string | null} [cursor]
 * @property {Header | null} [header]
 * @property {Entry[]} [entries]
 * @property {string | null} [older]
 * @property {Position | null} [before] entries from this position upwards belong to another page
 */

/**
 * A blog as one reader has it: the state of one cursor, within the loaded pages (docs/reference/protocol.md, "State"
 * and "Messages to readers"). It has no I/O.
 */
export class State {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** Entries that are older than the loaded ones. Their page may be older than they are, so it must not replace them.
   * @type {Map<string, Entry>} */
  #keptOut = new Map();
  /** Entries before this position are not loaded; null if all are. @type {Position | null} */
  #oldest = null;
  /** Entries from this position upwards belong to another page. @type {Position | null} */
  #before = null;
  /** The parts of a catch-up so far. @type {Update[]} */
  #parts = [];
  /** An older page that waits until the cursor reaches it. @type {Page | null} */
  #page = null;
  /** The state has seen every change after this seq. */
  #begun;
  /** The ids of the entries that the current message or page changes. @type {Set<string>} */
  #changed = new Set();

  /** @param {Start} [start] */
  constructor({ cursor = null, header = null, entries = [], older = null, before = null } = {}) {
    /** @type {string | null} The cursor of this state; null if it has none yet. */
    this.cursor = cursor;
    /** @type {Header | null} The header as the server last sent it; null until then. */
    this.header = header;
    /** @type {string | null} The address of the entries before the oldest loaded one; null if there are none. */
    this.older = older;
    /** @type {Record<string, string>} In HTML, the markup around the entries that the view has not taken out yet. */
    this.parts = {};
    this.#put(entries);
    this.#endAt(older);
    this.#before = before;
    this.#begun = seqOf(cursor);
  }

  /** The loaded entries, newest first. */
  get entries() {
    return [...this.#entries.values()].sort((a, b) => comparePositions(positionOf(b), positionOf(a)));
  }

  /**
   * Return a loaded entry.
   *
   * @param {string} id
   */
  entry(id) {
    return this.#entries.get(id);
  }

  /**
   * Return an entry that is known, loaded or not: the pinned one may be on an older page.
   *
   * @param {string} id
   */
  find(id) {
    return this.#entries.get(id) ?? this.#keptOut.get(id);
  }

  /**
   * Apply a message from the server.
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

  /** Drop the parts of an unfinished update: the rest was lost with the connection. */
  disconnected() {
    this.#parts = [];
  }

  /**
   * Add a page of older entries. A page that is newer than the state waits; in a page that is older, changes since then
   * win. So the state is always that of one cursor.
   *
   * @param {string} address of the page; after a reset, `older` differs and the page is ignored
   * @param {Page} page
   * @returns {Outcome} `gap`: the page is too old, ask again
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
      const position = positionOf(entry);
      const isOlder = this.#oldest && comparePositions(position, this.#oldest) < 0;
      if (isOlder || (this.#before && comparePositions(position, this.#before) >= 0)) {
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
   * Add a page, or keep it until the cursor reaches it.
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
    // The same seq with another tag belongs to another history
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

  /** Set where the loaded entries end. @param {string | null} [older] address of the entries before them */
  #endAt(older = null) {
    const oldest = this.entries.at(-1);
    this.older = older;
    this.#oldest = older && oldest ? positionOf(oldest) : null;
  }

  /** @returns {Applied} */
  #applied(header = false, reset = false) {
    return { kind: "applied", changed: [...this.#changed], header, reset };
  }
}

/**
 * Return the number in a cursor. No cursor is -1, which is before "0".
 *
 * @param {string | null} cursor
 */
function seqOf(cursor) {
  return cursor === null ? -1 : parseInt(cursor);
}
