/** @import { Event, Phase, Relayed } from "./events.js" */
/** @import { Message, Page } from "./messages.js" */
/** @import { Close, Listener, Transport, World } from "../transports/transport.js" */
import { webSocket } from "../transports/web-socket.js";
import { Machine } from "./machine.js";
import { State } from "./state.js";

/** How long an older page may take, in milliseconds. */
const PAGE_TIME = 15_000;

/** What browsers tell of the network and of the page; "" is for what has to be looked up. @type {Record<string, string>} */
const SIGNALS = {
  online: "online",
  offline: "offline",
  pagehide: "leave",
  freeze: "leave",
  pageshow: "return",
  resume: "return",
  visibilitychange: "",
};

/**
 * What tabs do together; see `tabs.js`.
 *
 * @typedef {object} Sharing
 * @property {Transport} transport a line that is another tab's
 * @property {(message: Message | Relayed) => void} relay a message to the other tabs, if this one leads
 * @property {() => void} leave
 */

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
 *
 * It does what a machine says, with real lines, timers and tabs.
 */
export class BareLiveBlog extends EventTarget {
  #address;
  #world;
  #machine;
  /** @type {number | null} */
  #lastHeard = null;
  /** The older page that is on its way. @type {Promise<boolean> | null} */
  #loading = null;
  /** What gives it up. @type {AbortController | null} */
  #aborter = null;
  /** What ends listening to the browser. */
  #listening = new AbortController();
  /** @type {Event[]} */
  #events = [];
  #telling = false;

  /**
   * @param {string | URL} src the blog's address: `https://host/blogs/NAME`
   * @param {BareOptions} [options]
   */
  constructor(src, { state = new State(), transports = [webSocket], sharing, world: given } = {}) {
    super();
    this.state = state;
    const blog = (this.#address = new URL(src, globalThis.location?.href));
    const world = (this.#world = { ...browser(), ...given });
    const tabs = sharing?.(blog, world, (event) => this.#tell(event));
    const ways = tabs ? [tabs.transport, ...transports] : transports;
    /** What closes each open line. @type {Map<number, Close>} */
    const connections = new Map();
    /** @type {any} */
    let timer;
    this.#machine = new Machine(
      state,
      {
        connect: (id, rank, cursor) => {
          /** @type {Listener} */
          const on = {
            message: (message) => this.#tell({ type: "message", id, message }),
            closed: (code) => this.#tell({ type: "closed", id, code }),
          };
          try {
            connections.set(id, ways[rank]({ blog, cursor, world }, on));
          } catch {
            on.closed(1006); // the browser does not allow it at all, as a plain socket on a page that came by TLS
          }
        },
        keep: (kept) => {
          for (const [id, close] of connections) {
            if (id !== kept && connections.delete(id)) close();
          }
        },
        wait: (milliseconds) => {
          world.clearTimeout(timer);
          if (milliseconds < Infinity) timer = world.setTimeout(() => this.#tell({ type: "timer" }), milliseconds);
        },
        heard: (message) => {
          this.#lastHeard = world.now();
          tabs?.relay(message);
        },
        applied: (outcome) => this.#dispatch("change", outcome),
        phase: (phase, code) => {
          if (phase === "reconnecting") tabs?.relay({ type: "lost" });
          this.#dispatch("phase", { phase, code });
        },
        leave: () => tabs?.leave(),
      },
      ways.length,
      Boolean(tabs),
      world.random,
    );
  }

  /** What can be said of the line. */
  get phase() {
    return this.#machine.phase;
  }

  /** When the server was last heard, in milliseconds as `Date.now()` gives them; null for never. */
  get lastHeard() {
    return this.#lastHeard;
  }

  /** Follow the blog until `stop()`; may be called again after it. */
  start() {
    this.#tell({ type: "start" });
    if (!globalThis.document) return;
    // Some are the document's and do not bubble. A second start adds nothing: the listener is the same
    const options = { capture: true, signal: this.#listening.signal };
    for (const name of Object.keys(SIGNALS)) addEventListener(name, this.#signal, options);
    this.#signal({ type: "visibilitychange" });
  }

  /** Close the connection; an older page that is on its way does not come. */
  stop() {
    this.#aborter?.abort();
    this.#listening.abort();
    this.#listening = new AbortController();
    this.#tell({ type: "stop" });
  }

  /** Somebody waits: if there is no line, do not wait any longer to try. */
  hurry() {
    this.#tell({ type: "hurry" });
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
    const aborter = (this.#aborter = new AbortController());
    const timer = this.#world.setTimeout(() => aborter.abort(), PAGE_TIME);
    try {
      const answer = await this.#world.fetch(new URL(older, this.#address), { signal: aborter.signal });
      const page = answer.ok ? /** @type {Page} */ (await answer.json()) : null;
      if (!Array.isArray(page?.entries) || aborter.signal.aborted) return false;
      const outcome = this.state.addPage(older, page);
      if (outcome.kind === "applied") this.#dispatch("change", outcome);
      return outcome.kind === "applied" || outcome.kind === "waiting";
    } catch {
      return false;
    } finally {
      this.#world.clearTimeout(timer);
    }
  }

  /** @param {{type: string}} event of the browser */
  #signal = ({ type }) => {
    this.#tell(/** @type {Event} */ ({ type: SIGNALS[type] || (document.hidden ? "hidden" : "visible") }));
  };

  /**
   * One event after the other: what is told by what is done meanwhile comes after it.
   *
   * @param {Event} event
   */
  #tell(event) {
    this.#events.push(event);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next; (next = this.#events.shift()); ) this.#machine.handle(next, this.#world.now());
    } finally {
      this.#telling = false;
    }
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
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
    fetch: fetch.bind(globalThis),
    setTimeout: setTimeout.bind(globalThis),
    clearTimeout: clearTimeout.bind(globalThis),
    now: Date.now,
    random: Math.random,
  };
}
