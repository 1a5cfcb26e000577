/** @import { Desk, StoredEntry } from "../types.js" */
/** @import { Beginning } from "./keeping/drafts.js" */
/** @import { Parts } from "./parts.js" */
/** @import { Draft } from "./types.js" */
import { emptyWords, isEmpty, isSame, wordsOf } from "./form/fields.js";
import { zoneOf } from "./form/moments.js";

/** The draft in the form: opens one, and shows it. */
export class FormDraft {
  #desk;
  #parts;

  /**
   * @param {Desk} desk
   * @param {Parts} parts
   */
  constructor(desk, parts) {
    this.#desk = desk;
    this.#parts = parts;
  }

  /** The time zone of the blog; editors may change it. */
  get zone() {
    return zoneOf(this.#desk.timezone);
  }

  /** What a new entry begins with. @returns {Beginning} */
  get beginning() {
    const words = emptyWords(this.#desk.session.display_name);
    return { slot: "new", entry: null, version: null, status: null, base: null, words };
  }

  /** Put what is kept for a slot into the form, or begin. @param {Beginning} beginning */
  async open(beginning) {
    const { drafts } = this.#parts;
    const { draft: found, isOld } = await drafts.open(beginning);
    let draft = found;
    if (isOld && beginning.base && draft.base && isSame(draft.words, draft.base)) {
      draft = { ...draft, ...beginning }; // nothing was changed: begin with the newest version
      drafts.follow(draft);
    }
    this.show(draft);
    await this.listKept();
  }

  /** Show the draft that is now the one of the form. @param {Draft} draft */
  show(draft) {
    const { fields, screen, preview } = this.#parts;
    fields.write(draft.words);
    fields.disable(false);
    screen.showTaken(false);
    screen.clearFaults();
    screen.showDraft(draft);
    preview.clear();
    screen.showPreview(null);
    const hasWords = !isEmpty(draft.words);
    if (hasWords) preview.change(draft.words);
    this.#desk.editing(hasWords || draft.slot !== "new" ? draft.slot : null);
  }

  /** Begin the next entry at once: what is typed from now on belongs to it. @param {Draft} next */
  clear(next) {
    this.#parts.drafts.follow(next);
    this.show(next);
  }

  /** Put words that were given back, or kept for later, into the form. @param {Draft} draft */
  async adopt(draft) {
    await this.#parts.drafts.adopt(draft);
    this.show(this.#parts.drafts.draft);
    await this.listKept();
  }

  /** List what is kept in this browser besides the draft in the form. */
  async listKept() {
    const { drafts, screen } = this.#parts;
    const all = await drafts.list().catch(() => []);
    const others = all.filter((one) => one.id !== drafts.draft.id);
    screen.showKept(others, (draft) => void this.adopt(draft));
  }

  /** Another tab has taken the draft over. */
  showTaken() {
    const { fields, screen, preview } = this.#parts;
    fields.disable(true);
    preview.clear();
    screen.showTaken(true);
    this.#desk.editing(null);
  }

  /**
   * Put an entry into the form. The words of the entry that is there stay kept.
   *
   * @param {StoredEntry} entry
   * @param {number} version
   */
  async edit(entry, version) {
    const words = wordsOf(entry, this.zone);
    const current = this.#desk.entry(entry.id);
    // An earlier version is put into the form as a change of the newest one
    const base = current && current.version === version ? wordsOf(current.entry, this.zone) : words;
    const beginning = { slot: entry.id, entry: entry.id, version, status: current?.entry.status ?? entry.status, base, words };
    await this.open(beginning);
    this.#parts.fields.body.focus();
  }

  /** Go back to the new entry. */
  async fresh() {
    if (this.#parts.drafts.draft.slot !== "new") await this.open(this.beginning);
    this.#parts.fields.body.focus();
  }
}
