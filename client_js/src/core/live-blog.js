/** @import { Applied } from "./state.js" */
/** @import { Page } from "./messages.js" */
/** @import { Phase } from "./connection.js" */
import { Connection } from "./connection.js";
import { State } from "./state.js";

/**
 * What the `phase` event tells in its `detail`.
 *
 * @typedef {{phase: Phase, code?: number}} PhaseDetail with the close code if it is `refused`
 */

/**
 * One blog, followed: its state, kept up to date, for those who render it themselves. Events:
 *
 * - `change`, a `CustomEvent` whose `detail` is an `Applied`: the state is another one;
 * - `phase`, a `CustomEvent` whose `detail` is a `PhaseDetail`: what can be said of the line has changed.
 */
export class LiveBlog extends EventTarget {
  #connection;
  #address;
  /** @type {Phase} */
  #phase = "stopped";
  /** @type {number | null} */
  #lastHeard = null;

  /**
   * @param {string | URL} src the blog's address: `https://host/blogs/NAME`
   * @param {{state?: State}} [options] `state`: what is there already, as on a page that the server has rendered
   */
  constructor(src, { state = new State() } = {}) {
    super();
    this.state = state;
    this.#address = new URL(src, globalThis.location?.href);
    const address = new URL(`${this.#address.pathname}/live`, this.#address);
    address.protocol = address.protocol.replace("http", "ws");
    this.#connection = new Connection(address.href, state, {
      applied: (detail) => this.#changed(detail),
      phase: (phase, code) => this.#enter(phase, code),
    });
  }

  /** What can be said of the line. */
  get phase() {
    return this.#phase;
  }

  /** When the server was last heard, in milliseconds as `Date.now()` gives them; null for never. */
  get lastHeard() {
    return this.#lastHeard;
  }

  /** Follow the blog until `stop()`; may be called again after it. */
  start() {
    this.#connection.start();
  }

  stop() {
    this.#connection.stop();
  }

  /** The network is back, or the page is looked at again: do not wait any longer than needed. */
  hurry() {
    this.#connection.hurry();
  }

  /**
   * Load the page of entries before the oldest one that is loaded.
   *
   * @returns {Promise<boolean>} whether it came; if not, ask again later
   */
  async loadOlder() {
    const { older } = this.state;
    if (older === null) return false;
    const answer = await fetch(new URL(older, this.#address));
    if (!answer.ok) return false;
    const outcome = this.state.addPage(older, /** @type {Page} */ (await answer.json()));
    if (outcome.kind === "applied") this.#changed(outcome);
    return outcome.kind === "applied" || outcome.kind === "waiting";
  }

  /** @param {Applied} detail */
  #changed(detail) {
    this.#lastHeard = Date.now();
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  /**
   * @param {Phase} phase
   * @param {number} [code]
   */
  #enter(phase, code) {
    this.#phase = phase;
    this.dispatchEvent(new CustomEvent("phase", { detail: { phase, code } }));
  }
}
