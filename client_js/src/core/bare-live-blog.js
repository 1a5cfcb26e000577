/** @import { Event, Phase } from "./events.js" */
/** @import { Page } from "./messages.js" */
/** @import { Sharing } from "./connection.js" */
/** @import { Applied } from "./state.js" */
/** @import { Transport, World } from "../transports/transport.js" */
import { webSocket } from "../transports/web-socket.js";
import { Connection } from "./connection.js";
import { State } from "./state.js";

/** How long an older page may take, in milliseconds. */
const PAGE_TIME = 15_000;

/**
 * What the `phase` event tells in its `detail`.
 *
 * @typedef {{phase: Phase, code?: number}} PhaseDetail with the close code if it is `refused`
 */

/**
 * - `state`: what is there already, as on a page that the server has rendered;
 * - `transports`: ways to the server, the preferred one first; if there are several, the last one is plain HTTP;
 * - `sharing`: makes what several tabs do together, or null;
 * - `world`: what to use in place of the browser's own things.
 *
 * @typedef {object} BareOptions
 * @property {State} [state]
 * @property {Transport[]} [transports]
 * @property {(blog: URL, world: World, tell: (event: Event) => void) => Sharing | null} [sharing]
 * @property {Partial<World>} [world]
 */

/**
 * One blog, followed: its state, kept up to date, for those who render it themselves. Events:
 *
 * - `change`, a `CustomEvent` whose `detail` is an `Applied`: the state is another one;
 * - `phase`, a `CustomEvent` whose `detail` is a `PhaseDetail`: what can be said of the line has changed.
 *
 * By itself it knows WebSocket only, and fits where every byte counts; `LiveBlog` knows all ways.
 */
export class BareLiveBlog extends EventTarget {
  #connection;
  #address;
  #world;
  /** @type {Phase} */
  #phase = "stopped";
  /** @type {number | null} */
  #lastHeard = null;
  /** The older page that is on its way. @type {Promise<boolean> | null} */
  #loading = null;
  #aborter = new AbortController();

  /**
   * @param {string | URL} src the blog's address: `https://host/blogs/NAME`
   * @param {BareOptions} [options]
   */
  constructor(src, { state = new State(), transports = [webSocket], sharing, world } = {}) {
    super();
    this.state = state;
    this.#address = new URL(src, globalThis.location?.href);
    this.#world = { ...browser(), ...world };
    this.#connection = new Connection(
      this.#address,
      state,
      {
        applied: (detail) => this.#changed(detail),
        phase: (phase, code) => this.#enter(phase, code),
        heard: () => (this.#lastHeard = this.#world.now()),
      },
      this.#world,
      transports,
      sharing && ((tell) => sharing(this.#address, this.#world, tell)),
    );
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

  /** Close the connection; an older page that is on its way does not come. */
  stop() {
    this.#aborter.abort();
    this.#aborter = new AbortController();
    this.#connection.stop();
  }

  /** Somebody waits: if there is no line, do not wait any longer to try. */
  hurry() {
    this.#connection.tell({ type: "hurry" });
  }

  /**
   * Load the page of entries before the oldest one that is loaded, within 15 seconds. Called again while it is on its
   * way, it gives the same promise.
   *
   * @returns {Promise<boolean>} whether it came; if not, ask again later
   */
  loadOlder() {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load() {
    const { older } = this.state;
    if (older === null) return false;
    const aborter = new AbortController();
    const abort = () => aborter.abort();
    this.#aborter.signal.addEventListener("abort", abort);
    const timer = this.#world.setTimeout(abort, PAGE_TIME);
    try {
      const answer = await this.#world.fetch(new URL(older, this.#address), { signal: aborter.signal });
      const page = answer.ok ? /** @type {Page} */ (await answer.json()) : null;
      if (!Array.isArray(page?.entries) || aborter.signal.aborted) return false;
      const outcome = this.state.addPage(older, page);
      if (outcome.kind === "applied") this.#changed(outcome);
      return outcome.kind === "applied" || outcome.kind === "waiting";
    } catch {
      return false;
    } finally {
      this.#world.clearTimeout(timer);
    }
  }

  /** @param {Applied} detail */
  #changed(detail) {
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

/** @returns {World} */
function browser() {
  const { WebSocket, EventSource, BroadcastChannel, navigator } = globalThis;
  return {
    WebSocket,
    EventSource,
    BroadcastChannel,
    locks: navigator?.locks,
    fetch: (...request) => fetch(...request),
    setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer),
    now: () => Date.now(),
    random: () => Math.random(),
  };
}
