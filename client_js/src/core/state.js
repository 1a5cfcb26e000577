/** @import { Beat, Entry, Header, Page, Update } from "./messages.js" */
/** @import { Position } from "./position.js" */
import { comparePositions, justAfter, positionOf } from "./position.js";

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
 * @property {string | null} [newer] the address of those entries
 * @property {Position | null} [head] the newest of those entries; without it, news belongs elsewhere as well
 */

/**
 * What is loaded of the entries: none before `oldest`, none in the gap, only key events if `key`. News may be above the
 * gap, whose end is null if it has none. `older` and `newer` are the addresses of entries that are not loaded.
 *
 * @typedef {object} Window
 * @property {Position | null} oldest
 * @property {string | null} older
 * @property {readonly [from: Position, to: Position | null] | null} gap
 * @property {string | null} newer
 * @property {boolean} key
 */

/** @type {Window} */
const EVERYTHING = { oldest: null, older: null, gap: null, newer: null, key: false };

/**
 * A page that is to replace what is loaded: its address, whether it leaves out what is not a key event, and the address
 * of newer entries if the page has none.
 *
 * @typedef {{address: string, key: boolean, newer: string | null}} Asked
 */

/**
 * A blog as one reader has it: the state of one cursor, within the loaded pages (docs/reference/protocol.md, "State"
 * and "Messages to readers"). It has no I/O.
 */
export class State {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** Entries outside of the window. Their page may be older than they are, so it must not replace them.
   * @type {Map<string, Entry>} */
  #keptOut = new Map();
  /** @type {Window} */
  #window = { ...EVERYTHING };
  /** @type {Asked | null} */
  #asked = null;
  /** The parts of a catch-up so far. @type {Update[]} */
  #parts = [];
  /** A page that waits until the cursor reaches it. @type {[address: string, page: Page] | null} */
  #page = null;
  /** The state has seen every change after this seq. */
  #begun;
  /** The ids of the entries that the current message or page changes. @type {Set<string>} */
  #changed = new Set();

  /** @param {Start} [start] */
  constructor({ cursor = null, header = null, entries = [], older = null, ...start } = {}) {
    /** @type {string | null} The cursor of this state; null if it has none yet. */
    this.cursor = cursor;
    /** @type {Header | null} The header as the server last sent it; null until then. */
    this.header = header;
    /** @type {Position | null} The position of the newest entry, loaded or not. */
    this.head = start.head ?? null;
    /** @type {Record<string, string>} In HTML, the markup around the entries that the view has not taken out yet. */
    this.parts = {};
    this.#put(entries);
    this.#endAt(older);
    const { before, head = null, newer = null } = start;
    if (before) Object.assign(this.#window, { gap: [before, head], newer });
    this.#begun = seqOf(cursor);
  }

  /** The address of the entries before the oldest loaded one; null if there are none. */
  get older() {
    return this.#window.older;
  }

  /** What is loaded. @returns {Readonly<Window>} */
  get window() {
    return this.#window;
  }

  /** The address of the entries after the loaded pages; null if they reach up to the newest entry. */
  get newer() {
    return this.#window.newer;
  }

  /** The loaded entries, newest first. */
  get entries() {
    return [...this.#entries.values()].sort(newestFirst);
  }

  /** All entries that are known, newest first: the loaded ones, and those that a window keeps out. */
  get known() {
    return [...this.#entries.values(), ...this.#keptOut.values()].sort(newestFirst);
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
   * Add the page of the address `older`, `newer`, or for which `ask` was called. A page that is newer than the state
   * waits; in a page that is older, changes since then win. So the state is always that of one cursor.
   *
   * @param {string} address of the page; after a reset, `older` differs and the page is ignored
   * @param {Page} page
   * @returns {Outcome} `gap`: the page is too old, ask again
   */
  addPage(address, page) {
    if (![this.older, this.newer, this.#asked?.address].includes(address)) return { kind: "ignored" };
    this.#changed.clear();
    return this.#addWhenDue(address, page);
  }

  /** Let a page replace everything that is loaded when it is added. @param {Asked} asked */
  ask(asked) {
    this.#asked = asked;
  }

  /**
   * Forget what is outside of a smaller window.
   *
   * @param {Partial<Window>} window what is different in it
   * @returns {Applied}
   */
  trim(window) {
    this.#changed.clear();
    this.#reshape(window);
    return this.#applied();
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
      this.#window = { ...EVERYTHING };
      this.head = this.#asked = this.#page = this.header = null;
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
    const added = page && this.#addWhenDue(...page);
    return this.#applied(header, reset || (added?.kind === "applied" && added.reset));
  }

  /**
   * @param {Entry[]} entries
   * @param {number} [seq] of the page that they are on: what is known and not newer than the page may be incomplete
   */
  #put(entries, seq = -1) {
    for (const entry of entries) {
      const known = this.find(entry.id)?.seq ?? -1;
      if (known > Math.max(entry.seq, seq) || (known === entry.seq && seq < 0)) continue;
      this.#keptOut.delete(entry.id);
      if (!this.head || comparePositions(positionOf(entry), this.head) > 0) this.head = positionOf(entry);
      this.#place(entry);
    }
  }

  /** Put an entry where it belongs, inside or outside of the window. @param {Entry} entry */
  #place(entry) {
    const isOutside = this.#isOutside(entry);
    const [into, from] = isOutside ? [this.#keptOut, this.#entries] : [this.#entries, this.#keptOut];
    if (into.get(entry.id) === entry) return;
    if (from.delete(entry.id) || !isOutside) this.#changed.add(entry.id);
    into.set(entry.id, entry);
  }

  /** @param {Entry} entry */
  #isOutside(entry) {
    const position = positionOf(entry);
    const { oldest, gap, key } = this.#window;
    return (
      (oldest && comparePositions(position, oldest) < 0) ||
      (gap && comparePositions(position, gap[0]) >= 0 && !(gap[1] && comparePositions(position, gap[1]) > 0)) ||
      (key && !entry.key)
    );
  }

  /** @param {Partial<Window>} window what is different */
  #reshape(window) {
    Object.assign(this.#window, window);
    for (const entry of [...this.#entries.values(), ...this.#keptOut.values()]) this.#place(entry);
  }

  /**
   * Add a page, or keep it until the cursor reaches it.
   *
   * @param {string} address
   * @param {Page} page
   * @returns {Outcome}
   */
  #addWhenDue(address, page) {
    const [seq, own] = [seqOf(page.cursor), seqOf(this.cursor)];
    if (seq > own) {
      this.#page = [address, page];
      return { kind: "waiting" };
    }
    // The same seq with another tag belongs to another history
    if (seq < this.#begun || (seq === own && page.cursor !== this.cursor)) return { kind: "gap" };
    this.#page = null;
    const { entries, older = null, newer = null } = page;
    const asked = address === this.#asked?.address && this.#asked;
    if (asked) this.#asked = null;
    this.#put(entries, seq);
    const [first, last] = [entries[0], entries.at(-1)];
    const low = { older, oldest: older && last ? positionOf(last) : null };
    /** @param {string | null} more @param {Position | null} to @returns {Partial<Window>} */
    const high = (more, to) => ({ newer: more, gap: more && first ? [justAfter(positionOf(first)), to] : null });
    if (asked) this.#reshape({ ...low, ...high(newer ?? asked.newer, this.head), key: asked.key });
    else if (address === this.newer) this.#reshape(high(newer, this.#window.gap && this.#window.gap[1]));
    else this.#reshape(low);
    Object.assign(this.parts, page.parts);
    return this.#applied(false, Boolean(asked));
  }

  /** Set where the loaded entries end. @param {string | null} [older] address of the entries before them */
  #endAt(older = null) {
    const oldest = this.entries.at(-1);
    this.#reshape({ older, oldest: older && oldest ? positionOf(oldest) : null });
  }

  /** @returns {Applied} */
  #applied(header = false, reset = false) {
    return { kind: "applied", changed: [...this.#changed], header, reset };
  }
}

/** @param {Entry} a @param {Entry} b */
function newestFirst(a, b) {
  return comparePositions(positionOf(b), positionOf(a));
}

/**
 * Return the number in a cursor. No cursor is -1, which is before "0".
 *
 * @param {string | null} cursor
 */
function seqOf(cursor) {
  return cursor === null ? -1 : parseInt(cursor);
}
