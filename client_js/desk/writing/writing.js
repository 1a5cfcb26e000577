/** @import { Desk, StoredEntry } from "../types.js" */
/** @import { Act } from "./outbox/make-intention.js" */
/** @import { OutboxDetail, SettledDetail } from "./outbox/outbox.js" */
/** @import { Draft, Intention, Kind, Outcome, Words } from "./types.js" */
import { Conflicts } from "./conflicts.js";
import { emptyWords, isEmpty, isSame, wordsOf, WrongField } from "./form/fields.js";
import { zoneOf } from "./form/moments.js";
import { entriesOf, forget } from "./keeping/retractions.js";
import { OutboxFull, TakenOver } from "./keeping/intentions.js";
import { actOf, intentionOf } from "./outbox/make-intention.js";

/** @typedef {import("./parts.js").Parts} Parts */

const UNCHANGED = "Nothing has changed since it was saved.";

/** Joins the form, what is kept in the browser, and the outbox. */
export class Writing {
  #desk;
  #parts;
  #conflicts;
  /** The newest publication that can be taken back. @type {{entry: any, version: number} | null} */
  #undoable = null;

  /**
   * @param {Desk} desk
   * @param {Parts} parts
   */
  constructor(desk, parts) {
    this.#desk = desk;
    this.#parts = parts;
    this.#conflicts = new Conflicts(desk, parts.outbox, parts.drafts.tab);
    const { drafts, outbox } = parts;
    drafts.addEventListener("taken", () => this.#showTaken());
    drafts.addEventListener("kept", (event) => this.#showKept(/** @type {CustomEvent} */ (event).detail));
    outbox.addEventListener("outbox", (event) => this.#showOutbox(/** @type {CustomEvent} */ (event).detail));
    desk.events.addEventListener("entry", (event) => {
      const { entry } = /** @type {CustomEvent<import("../types.js").DeskEntry>} */ (event).detail;
      if (entry.status === "retracted") void this.#forget(entry.id);
    });
    outbox.addEventListener("settled", (event) => void this.#settled(/** @type {CustomEvent} */ (event).detail));
  }

  /** Put back what was in the form when the page was left, even by a crash. */
  async restore() {
    const { drafts } = this.#parts;
    const [last] = await drafts.list().catch(() => []);
    const isEdit = last && last.slot !== "new" && last.base && !isSame(last.words, last.base);
    await this.#open(isEdit ? last : this.#beginning);
    this.#showOutbox(this.#parts.outbox.detail);
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
   * Put an entry into the form. The words of the entry that is there stay kept.
   *
   * @param {StoredEntry} entry
   * @param {number} version
   */
  async edit(entry, version) {
    const words = wordsOf(entry, this.#zone);
    const current = this.#desk.entry(entry.id);
    // An earlier version is put into the form as a change of the newest one
    const base = current && current.version === version ? wordsOf(current.entry, this.#zone) : words;
    const beginning = { slot: entry.id, entry: entry.id, version, status: current?.entry.status ?? entry.status, base, words };
    await this.#open(beginning);
    this.#parts.fields.body.focus();
  }

  /** Go back to the new entry. */
  async fresh() {
    if (this.#parts.drafts.draft.slot !== "new") await this.#open(this.#beginning);
    this.#parts.fields.body.focus();
  }

  /**
   * Do something else through the outbox.
   *
   * @param {Act} act
   * @returns {Promise<{status: number, content: any, version: number | null}>}
   * @throws {import("./types.js").Problem}
   */
  async act(act) {
    const intention = actOf(this.#desk.blog, act);
    const outcome = this.#parts.outbox.outcome(intention.key);
    await this.#parts.outbox.add(intention);
    const found = await outcome;
    if (found.kind === "done") return found;
    await this.#parts.outbox.take(intention.key); // whoever asked shows the error
    throw found.problem;
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

  /**
   * Send what is in the form.
   *
   * @param {Kind} kind
   */
  async send(kind) {
    const { drafts, fields, screen, outbox } = this.#parts;
    screen.clearFaults();
    const words = fields.read();
    const draft = { ...drafts.draft, words };
    if (!this.#isReady(draft, kind)) return;
    const intention = this.#intention(kind, draft);
    if (!intention) return intention === null ? screen.say(UNCHANGED) : undefined;
    const isStaying = kind === "draft";
    if (!isStaying) this.#clear(drafts.make(this.#beginning));
    const remake = (/** @type {Draft} */ newer, /** @type {boolean} */ isFollowing) =>
      intentionOf(kind, newer, this.#setting(isFollowing));
    let isNeeded;
    try {
      ({ isNeeded } = await outbox.add(intention, { next: isStaying ? draft : null, remake }));
    } catch (error) {
      await this.#giveBack(draft, error);
      return;
    }
    if (!isNeeded) screen.say(UNCHANGED);
    else if (isStaying) screen.say("Saving the draft …");
    if (!isStaying && draft.slot !== "new") await this.#open(this.#beginning);
    await this.#listKept();
  }

  /** Throw the words in the form away, for some seconds only. */
  async discard() {
    const { drafts, fields, screen } = this.#parts;
    const draft = { ...drafts.draft, words: fields.read() };
    await drafts.flush();
    await drafts.discard();
    await this.#open(this.#beginning);
    if (isEmpty(draft.words)) return;
    const again = { ...draft, id: crypto.randomUUID() };
    screen.say("Thrown away.", { action: ["Undo", () => void this.#adopt(again)], seconds: 20 });
  }

  /** Write in this tab again, after another tab has taken over. */
  async takeOver() {
    const { slot, entry, version, status, base } = this.#parts.drafts.draft;
    // Not with the words of this page: the other tab may have sent them
    await this.#open(base ? { slot, entry, version, status, base, words: base } : this.#beginning);
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

  /** Take the newest publication back, if it has not left. */
  async takeBack() {
    const undoable = this.#undoable;
    if (!undoable) return;
    this.#undoable = null;
    const { entry, version } = undoable;
    const path = `/api/blogs/${this.#desk.blog}/entries/${entry.id}`;
    const body = { status: "draft", publish_at: null };
    try {
      const taken = await this.act({ method: "PATCH", path, body, ifMatch: `"${version}"`, label: "Take back" });
      await this.edit(taken.content, taken.version ?? version + 1);
      this.#parts.screen.say("Taken back. Readers have not seen it.");
    } catch (problem) {
      const { detail } = /** @type {import("./types.js").Problem} */ (problem);
      this.#parts.screen.say(`It could not be taken back. ${detail}`, { kind: "bad" });
    }
  }

  /** Whether there are words in the form. */
  get hasWords() {
    return !isEmpty(this.#parts.fields.read());
  }

  openSnippets() {
    this.#parts.snippets.open();
  }

  /**
   * What an editor chooses in the list of what is not sent yet.
   *
   * @returns {import("./outbox/outbox-list.js").Choices}
   */
  get choices() {
    const { outbox } = this.#parts;
    return {
      edit: (intention) => void this.#takeIn(intention),
      discard: (intention) => void outbox.take(intention.key),
      decide: (intention) => void this.#conflicts.decide(intention),
      hurry: () => outbox.hurry(),
      signIn: () => void this.signIn(),
    };
  }

  /** Let somebody sign in, and go on. */
  async signIn() {
    await this.#desk.api.signInAgain();
    await this.#parts.outbox.check();
  }

  /** The time zone of the blog; editors may change it. */
  get #zone() {
    return zoneOf(this.#desk.timezone);
  }

  get #beginning() {
    const words = emptyWords(this.#desk.session.display_name);
    return { slot: "new", entry: null, version: null, status: null, base: null, words };
  }

  /** @param {import("./keeping/drafts.js").Beginning} beginning */
  async #open(beginning) {
    const { drafts } = this.#parts;
    const { draft: found, isOld } = await drafts.open(beginning);
    let draft = found;
    if (isOld && beginning.base && draft.base && isSame(draft.words, draft.base)) {
      draft = { ...draft, ...beginning }; // nothing was changed: begin with the newest version
      drafts.follow(draft);
    }
    this.#show(draft);
    await this.#listKept();
  }

  /** @param {Draft} draft that is now the one of the form */
  #show(draft) {
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
  #clear(next) {
    this.#parts.drafts.follow(next);
    this.#show(next);
  }

  /** @param {Draft} draft */
  async #adopt(draft) {
    await this.#parts.drafts.adopt(draft);
    this.#show(this.#parts.drafts.draft);
    await this.#listKept();
  }

  /**
   * @param {Draft} draft
   * @param {Kind} kind
   */
  #isReady({ words, status }, kind) {
    const { drafts, media, screen, fields } = this.#parts;
    if (drafts.isTaken) return false;
    if (media.pending) {
      screen.say("Wait until all images have been sent, or remove those that failed.", { kind: "bad" });
      return false;
    }
    if (isEmpty(words)) {
      screen.showFault("Write something first.", fields.body);
      return false;
    }
    if (kind === "draft" && status === "published") {
      screen.say("Kept in this browser. Readers see the change when you publish it.");
      return false;
    }
    return true;
  }

  /**
   * @param {Kind} kind
   * @param {Draft} draft
   * @returns {Intention | null | undefined} undefined: a field is wrong
   */
  #intention(kind, draft) {
    const { outbox, fields, screen } = this.#parts;
    const isFollowing = outbox.items.some((one) => one.draft?.id === draft.id && one.state === "waiting");
    try {
      return intentionOf(kind, draft, this.#setting(isFollowing));
    } catch (error) {
      if (!(error instanceof WrongField)) throw error;
      screen.showFault(error.message, fields.element(error.field));
      return undefined;
    }
  }

  /** @param {boolean} isFollowing */
  #setting(isFollowing) {
    return { zone: this.#zone, now: this.#parts.api.now, undoSeconds: this.#desk.undoSeconds, isFollowing };
  }

  /**
   * The browser did not take an intention: the words go back into the form.
   *
   * @param {Draft} draft
   * @param {unknown} error
   */
  async #giveBack(draft, error) {
    const { screen, drafts } = this.#parts;
    if (error instanceof TakenOver) {
      drafts.follow(draft);
      this.#show(draft);
      return this.#showTaken();
    }
    await this.#adopt(draft);
    const reason = error instanceof OutboxFull ? "There is too much that is not sent yet." : "The browser did not take it.";
    screen.say(`${reason} Your words are in the form again; send them later.`, { kind: "bad" });
  }

  /** Put the words of an intention back into the form. @param {Intention} intention */
  async #takeIn({ key, draft, problem }) {
    if (!draft) return;
    const { drafts, outbox, fields, screen } = this.#parts;
    await drafts.flush();
    if (!(await outbox.take(key, { ...draft, tab: drafts.tab, epoch: null }))) return;
    await this.#adopt(draft);
    if (problem) screen.showFault(problem.detail, fields.element(problem.field));
  }

  /** @param {SettledDetail} detail */
  async #settled({ intention, outcome }) {
    const { drafts, fields, screen } = this.#parts;
    const { draft, kind } = intention;
    if (!draft || intention.blog !== this.#desk.blog) return;
    if (outcome.kind === "done") {
      if (draft.id === drafts.draft.id) {
        await drafts.refresh();
        screen.showDraft(drafts.draft);
      }
      if (draft.tab === drafts.tab) this.#sayDone(kind, outcome, draft.words);
    } else if (draft.tab === drafts.tab) {
      if (outcome.kind === "conflict") return this.#conflicts.decide({ ...intention, state: "conflict", problem: outcome.problem });
      if (isEmpty(fields.read()) || draft.id === drafts.draft.id) await this.#takeIn({ ...intention, problem: outcome.problem });
    }
  }

  /**
   * @param {Kind} kind
   * @param {Outcome & {kind: "done"}} outcome
   * @param {Words} words
   */
  #sayDone(kind, { content, version }, words) {
    const { screen } = this.#parts;
    const isHeld = kind === "publish" && content?.status === "scheduled" && !words.publishAt;
    if (isHeld) {
      this.#undoable = { entry: content, version: version ?? content.version };
      const seconds = this.#desk.undoSeconds;
      const action = /** @type {[string, () => void]} */ (["Take back", () => void this.takeBack()]);
      return screen.say(`Leaves within ${seconds} s.`, { action, seconds });
    }
    const said = { publish: "Published.", submit: "Submitted to the editors.", draft: "Draft saved.", edit: "Changed." };
    const text = content?.status === "scheduled" ? "Scheduled." : (said[/** @type {keyof typeof said} */ (kind)] ?? "Done.");
    screen.say(text, { seconds: 8 });
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
    else await this.#open(this.#beginning);
  }

  async #listKept() {
    const { drafts, screen } = this.#parts;
    const all = await drafts.list().catch(() => []);
    const others = all.filter((one) => one.id !== drafts.draft.id);
    screen.showKept(others, (draft) => void this.#adopt(draft));
  }

  #showTaken() {
    const { fields, screen, preview } = this.#parts;
    fields.disable(true);
    preview.clear();
    screen.showTaken(true);
    this.#desk.editing(null);
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
