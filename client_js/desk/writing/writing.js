/** @import { Desk, StoredEntry } from "../types.js" */
/** @import { OutboxDetail } from "./outbox/outbox.js" */
/** @import { Parts } from "./parts.js" */
import { isEmpty, isSame } from "./form/fields.js";
import { FormDraft } from "./form-draft.js";
import { entriesOf, forget } from "./keeping/retractions.js";
import { Sending } from "./sending.js";

/** Joins the form, what is kept in the browser, and the outbox. */
export class Writing {
  #desk;
  #parts;
  #form;
  /** Sends what is in the form. */
  sending;

  /**
   * @param {Desk} desk
   * @param {Parts} parts
   */
  constructor(desk, parts) {
    this.#desk = desk;
    this.#parts = parts;
    this.#form = new FormDraft(desk, parts);
    this.sending = new Sending(desk, parts, this.#form);
    const { drafts, outbox } = parts;
    drafts.addEventListener("taken", () => this.#form.showTaken());
    drafts.addEventListener("kept", (event) => this.#showKept(/** @type {CustomEvent} */ (event).detail));
    outbox.addEventListener("outbox", (event) => this.#showOutbox(/** @type {CustomEvent} */ (event).detail));
  }

  /** Put back what was in the form when the page was left, even by a crash. */
  async restore() {
    const { drafts } = this.#parts;
    const [last] = await drafts.list().catch(() => []);
    const isEdit = last && last.slot !== "new" && last.base && !isSame(last.words, last.base);
    await this.#form.open(isEdit ? last : this.#form.beginning);
    this.#showOutbox(this.#parts.outbox.detail);
    this.#desk.events.addEventListener("entry", (event) => {
      const { entry } = /** @type {CustomEvent<import("../types.js").DeskEntry>} */ (event).detail;
      if (entry.status === "retracted") void this.#forget(entry.id);
    });
  }

  /** Forget entries that were retracted while this browser was away. */
  async forgetRetracted() {
    const { api, drafts } = this.#parts;
    for (const entry of entriesOf(await drafts.list().catch(() => []))) {
      const answer = await api.call("GET", `/api/blogs/${this.#desk.blog}/entries/${entry}`).catch(() => null);
      const found = answer?.ok ? await answer.json().catch(() => null) : null;
      if (answer?.status === 404 || found?.status === "retracted") await this.#forget(entry);
    }
  }

  /**
   * Put an entry into the form.
   *
   * @param {StoredEntry} entry
   * @param {number} version
   */
  edit(entry, version) {
    return this.#form.edit(entry, version);
  }

  /** Go back to the new entry. */
  fresh() {
    return this.#form.fresh();
  }

  /** Somebody has typed. */
  change() {
    const { drafts, fields, preview, screen } = this.#parts;
    if (drafts.isTaken) return;
    const words = fields.read();
    drafts.keep(words);
    screen.clearFaults();
    screen.showDraft(drafts.draft);
    if (isEmpty(words)) {
      preview.clear();
      screen.showPreview(null);
    } else {
      preview.change(words);
    }
    this.#desk.editing(isEmpty(words) && drafts.draft.slot === "new" ? null : drafts.draft.slot);
  }

  /** Throw the words in the form away, for some seconds only. */
  async discard() {
    const { drafts, fields, screen } = this.#parts;
    const draft = { ...drafts.draft, words: fields.read() };
    await drafts.flush();
    await drafts.discard();
    await this.#form.open(this.#form.beginning);
    if (isEmpty(draft.words)) return;
    const again = { ...draft, id: crypto.randomUUID() };
    const undo = async () => {
      await this.#form.adopt(again);
      fields.body.focus();
    };
    screen.say("Thrown away.", { action: ["Undo", () => void undo()], seconds: 20 });
  }

  /** Write in this tab again, after another tab has taken over. */
  async takeOver() {
    const { slot, entry, version, status, base } = this.#parts.drafts.draft;
    // Not with the words of this page: the other tab may have sent them
    await this.#form.open(base ? { slot, entry, version, status, base, words: base } : this.#form.beginning);
    this.#parts.fields.body.focus();
  }

  /** Leave the form with the Escape key. @returns {boolean} whether there was something to leave */
  leave() {
    const { drafts, fields, screen } = this.#parts;
    const { slot, base } = drafts.draft;
    if (slot === "new") return false;
    const isChanged = base && !isSame(fields.read(), base);
    void this.fresh();
    if (isChanged) screen.say("What you changed is kept in this browser, and not sent.", { seconds: 8 });
    return true;
  }

  /** Whether there are words in the form. */
  get hasWords() {
    return !isEmpty(this.#parts.fields.read());
  }

  openSnippets() {
    this.#parts.snippets.open();
  }

  /** @param {string} entry that was retracted */
  async #forget(entry) {
    const { storage, drafts, fields, screen } = this.#parts;
    const { slot, base } = drafts.draft;
    const isChanged = slot === entry && base !== null && !isSame(fields.read(), base);
    await drafts.flush();
    await forget(storage, entry).catch(() => {});
    if (slot !== entry) return;
    if (isChanged) screen.say("This entry was retracted meanwhile. What you have changed can only be a new entry.", { kind: "bad" });
    else await this.#form.open(this.#form.beginning);
  }

  /** @param {{error: unknown, isLasting: boolean}} detail */
  #showKept({ error, isLasting }) {
    const { screen } = this.#parts;
    const part = screen.part("storage");
    part.hidden = !error && isLasting;
    if (error) part.textContent = "The browser’s storage is full: what you type is not kept. Free space, or send it now.";
    else if (!isLasting) part.textContent = "This browser keeps nothing for this site: what you type is lost with this page.";
  }

  /** @param {OutboxDetail} detail */
  #showOutbox(detail) {
    const items = detail.items.filter((one) => one.blog === this.#desk.blog);
    this.#parts.list.show({ ...detail, items });
    this.#showKept({ error: null, isLasting: detail.isLasting });
  }
}
