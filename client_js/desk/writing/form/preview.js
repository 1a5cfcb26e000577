/** @import { World } from "../outbox/outbox.js" */

/** Time without a key before the server is asked. With it and the server's, a preview is there within 300 ms. */
const DEBOUNCE_MILLISECONDS = 100;
/** While somebody types without a pause, the preview follows this often. */
const LONGEST_MILLISECONDS = 400;
/** Time before the server is asked again after it could not be reached. */
const AGAIN_MILLISECONDS = 3_000;

/**
 * Asks for a preview of the newest words. An answer to older words is never shown over one to newer words.
 *
 * @template Fields
 * @template Answer
 */
export class Preview {
  #ask;
  #show;
  #world;
  /** @type {Fields | null} */
  #fields = null;
  /** Whether `#fields` have not been asked for. */
  #isStale = false;
  /** Number of the newest request. */
  #count = 0;
  /** Number of the newest request whose answer was shown. */
  #shown = 0;
  /** @type {any} */
  #timer = null;
  /** Time of the oldest key that has not been asked for. @type {number | null} */
  #since = null;

  /**
   * @param {(fields: Fields, signal: AbortSignal) => Promise<Answer | null>} ask null: there is no answer now
   * @param {(answer: Answer, fields: Fields) => void} show
   * @param {Pick<World, "now" | "setTimeout" | "clearTimeout">} world
   */
  constructor(ask, show, world) {
    this.#ask = ask;
    this.#show = show;
    this.#world = world;
  }

  /** The words have changed. @param {Fields} fields */
  change(fields) {
    const now = this.#world.now();
    this.#fields = fields;
    this.#isStale = true;
    this.#since ??= now;
    this.#plan(Math.max(0, Math.min(DEBOUNCE_MILLISECONDS, this.#since + LONGEST_MILLISECONDS - now)));
  }

  /** Show nothing: answers that are on their way are for words that are gone. */
  clear() {
    this.#world.clearTimeout(this.#timer);
    this.#fields = this.#since = null;
    this.#isStale = false;
    this.#shown = ++this.#count;
  }

  /** @param {number} milliseconds */
  #plan(milliseconds) {
    this.#world.clearTimeout(this.#timer);
    this.#timer = this.#world.setTimeout(() => void this.#send(), milliseconds);
  }

  async #send() {
    const fields = this.#fields;
    if (fields === null || !this.#isStale) return;
    this.#isStale = false;
    this.#since = null;
    const number = ++this.#count;
    const answer = await this.#ask(fields, AbortSignal.timeout(10_000)).catch(() => null);
    if (answer !== null && number > this.#shown) {
      this.#shown = number;
      this.#show(answer, fields);
    } else if (answer === null && number === this.#count && this.#fields === fields) {
      this.#isStale = true;
      this.#plan(AGAIN_MILLISECONDS);
    }
  }
}
