/** @import { Desk } from "../types.js" */
/** @import { Outbox } from "./outbox/outbox.js" */
/** @import { Draft, Intention } from "./types.js" */
import { fieldsOf } from "./form/fields.js";
import { zoneOf } from "./form/moments.js";

/** Shows what an editor has sent and what a colleague has saved meanwhile, and keeps both until one is chosen. */
export class Conflicts {
  #desk;
  #outbox;
  #tab;
  /** The keys of those that are shown. @type {Set<string>} */
  #shown = new Set();

  /**
   * @param {Desk} desk
   * @param {Outbox} outbox
   * @param {string} tab
   */
  constructor(desk, outbox, tab) {
    this.#desk = desk;
    this.#outbox = outbox;
    this.#tab = tab;
  }

  /** Show both versions until an editor decides. @param {Intention} intention */
  async decide(intention) {
    const { key, draft, problem } = intention;
    const theirs = problem?.current;
    if (!draft || !theirs || this.#shown.has(key)) return;
    this.#shown.add(key);
    try {
      const mine = { ...fieldsOf(draft.words, null, zoneOf(this.#desk.timezone)), id: theirs.id };
      const version = problem.version ?? theirs.version;
      const decision = await this.#desk.resolveConflict({ id: theirs.id, mine, theirs, version });
      if (decision === "theirs") await this.#outbox.take(key);
      if (decision === "mine") await this.#insist(intention, version);
    } finally {
      this.#shown.delete(key);
    }
  }

  /**
   * Send the same change again, on top of the version of a colleague.
   *
   * @param {Intention} intention
   * @param {number} version
   */
  async #insist(intention, version) {
    const old = /** @type {Draft} */ (intention.draft);
    const draft = { ...old, id: crypto.randomUUID(), tab: this.#tab, epoch: null, version };
    /** @type {Intention} */
    const again = { ...intention, key: crypto.randomUUID(), order: null, draft, ifMatch: `"${version}"`, tried: null };
    await this.#outbox.add({ ...again, state: "waiting", problem: null }, { replaces: intention.key });
  }
}
