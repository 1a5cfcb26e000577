/** @import { Desk } from "../types.js" */
/** @import { FormDraft } from "./form-draft.js" */
/** @import { Act } from "./outbox/make-intention.js" */
/** @import { SettledDetail } from "./outbox/outbox.js" */
/** @import { Parts } from "./parts.js" */
/** @import { Draft, Intention, Kind, Outcome, Words } from "./types.js" */
import { Conflicts } from "./conflicts.js";
import { isEmpty, WrongField } from "./form/fields.js";
import { OutboxFull, TakenOver } from "./keeping/intentions.js";
import { actOf, intentionOf } from "./outbox/make-intention.js";

const UNCHANGED = "Nothing has changed since it was saved.";

/** Sends what is in the form, and says what became of it. */
export class Sending {
  #desk;
  #parts;
  #form;
  #conflicts;
  /** The newest publication that can be taken back. @type {{entry: any, version: number} | null} */
  #undoable = null;

  /**
   * @param {Desk} desk
   * @param {Parts} parts
   * @param {FormDraft} form
   */
  constructor(desk, parts, form) {
    this.#desk = desk;
    this.#parts = parts;
    this.#form = form;
    this.#conflicts = new Conflicts(desk, parts.outbox, parts.drafts.tab);
    parts.outbox.addEventListener("settled", (event) => void this.#settled(/** @type {CustomEvent} */ (event).detail));
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
    if (!isStaying) this.#form.clear(drafts.make(this.#form.beginning));
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
    if (!isStaying && draft.slot !== "new") await this.#form.open(this.#form.beginning);
    await this.#form.listKept();
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
      await this.#form.edit(taken.content, taken.version ?? version + 1);
      this.#parts.screen.say("Taken back. Readers have not seen it.");
    } catch (problem) {
      const { detail } = /** @type {import("./types.js").Problem} */ (problem);
      this.#parts.screen.say(`It could not be taken back. ${detail}`, { kind: "bad" });
    }
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
    return { zone: this.#form.zone, now: this.#parts.api.now, undoSeconds: this.#desk.undoSeconds, isFollowing };
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
      this.#form.show(draft);
      return this.#form.showTaken();
    }
    await this.#form.adopt(draft);
    const reason = error instanceof OutboxFull ? "There is too much that is not sent yet." : "The browser did not take it.";
    screen.say(`${reason} Your words are in the form again; send them later.`, { kind: "bad" });
  }

  /** Put the words of an intention back into the form. @param {Intention} intention */
  async #takeIn({ key, draft, problem }) {
    if (!draft) return;
    const { drafts, outbox, fields, screen } = this.#parts;
    await drafts.flush();
    if (!(await outbox.take(key, { ...draft, tab: drafts.tab, epoch: null }))) return;
    await this.#form.adopt(draft);
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
    const isUndescribed = words.media.some(({ type, alt }) => type === "image" && !alt);
    screen.say(isUndescribed ? `${text} An image has no description yet: edit the entry to add one.` : text, { seconds: 8 });
  }
}
