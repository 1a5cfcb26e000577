/** @import { Event, Phase, Relayed } from "./events.js" */
/** @import { Message, Page } from "./messages.js" */
/** @import { Close, Listener, Transport, World } from "../transports/transport.js" */
/** @import { LiveBlogEvents, TypedTarget } from "../types.js" */
import { webSocket } from "../transports/web-socket.js";
import { authorized } from "../transports/transport.js";
import { Machine } from "./machine.js";
import { State } from "./state.js";

const PAGE_MILLISECONDS = 15_000;

const Base = /** @type {new () => TypedTarget<LiveBlogEvents> & EventTarget} */ (EventTarget);

/** Events of the browser and what they mean; `visibilitychange` has two meanings. @type {Record<string, string>} */
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
 * One connection for several tabs; see `tabs.js`.
 *
 * @typedef {object} Sharing
 * @property {Transport} transport the connection of another tab
 * @property {(message: Message | Relayed) => void} relay pass a message on to the other tabs, if this one leads
 * @property {() => void} leave stop sharing
 */

/**
 * The `detail` of the `phase` event; `refused` has a close code.
 *
 * @typedef {{phase: Phase, code?: number}} PhaseDetail
 */

/**
 * - `state`: the initial state, for example that of a page that the server has rendered;
 * - `transports`: ways to the server, the preferred one first; if there are several, the last one is plain HTTP;
 * - `sharing`: returns the connection shared with other tabs, or null;
 * - `token`: called when a private blog needs a token, or a new one; returns it, or nothing if there is none;
 * - `world`: replacements for parts of the browser.
 *
 * @typedef {object} BareOptions
 * @property {State} [state]
 * @property {Transport[]} [transports]
 * @property {(blog: URL, world: World, tell: (event: Event) => void) => Sharing | null} [sharing]
 * @property {() => Promise<string | null | undefined> | string | null | undefined} [token]
 * @property {Partial<World>} [world]
 */

/**
 * Follows a blog and keeps its state up to date, for pages that render it themselves. Events:
 *
 * - `change`, a `CustomEvent` whose `detail` is an `Applied`: the state has changed;
 * - `phase`, a `CustomEvent` whose `detail` is a `PhaseDetail`: the phase has changed.
 *
 * Without other `transports` it uses WebSocket only, for pages that count every byte; `LiveBlog` has all transports.
 *
 * It carries out the commands of a `Machine` with real connections, timers and tabs.
 */
export class BareLiveBlog extends Base {
  #address;
  #world;
  #machine;
  /** @type {number | null} */
  #lastHeard = null;
  /**
   * The token for a private blog. Set it to begin with one, or to replace it before it ends.
   *
   * @type {string | null}
   */
  token = null;
  /** The requests for pages, by address. @type {Map<string, Promise<boolean>>} */
  #loading = new Map();
  /** Cancels those requests. */
  #aborter = new AbortController();
  /** Removes the listeners for events of the browser. */
  #listening = new AbortController();
  /** @type {Event[]} */
  #events = [];
  #telling = false;

  /**
   * @param {string | URL} src the blog's address: `https://host/blogs/NAME`
   * @param {BareOptions} [options]
   */
  constructor(src, { state = new State(), transports = [webSocket], sharing, token, world: given } = {}) {
    super();
    this.state = state;
    const blog = (this.#address = new URL(src, globalThis.location?.href));
    const world = (this.#world = { ...browser(), ...given });
    const tabs = sharing?.(blog, world, (event) => this.#tell(event));
    const ways = tabs ? [tabs.transport, ...transports] : transports;
    /** Open connections by id. @type {Map<number, Close>} */
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
            connections.set(id, ways[rank]({ blog, cursor, world, token: this.token }, on));
          } catch {
            on.closed(1006); // the browser forbids it, for example ws: on an https: page
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
        renew: token && (() => void this.#renew(token)),
      },
      ways.length,
      Boolean(tabs),
      world.random,
    );
  }

  /** The state of the connection. */
  get phase() {
    return this.#machine.phase;
  }

  /** The time of the last message from the server, as `Date.now()` gives it; null before the first one. */
  get lastHeard() {
    return this.#lastHeard;
  }

  /** Follow the blog until `stop()`; you may call it again after that. */
  start() {
    this.#tell({ type: "start" });
    if (!globalThis.document) return;
    // Capture: some are events of the document that do not bubble. A second `start` adds no second listener
    const options = { capture: true, signal: this.#listening.signal };
    for (const name of Object.keys(SIGNALS)) addEventListener(name, this.#signal, options);
    this.#signal({ type: "visibilitychange" });
  }

  /** Close the connection, and cancel the requests for pages. */
  stop() {
    this.#aborter.abort();
    this.#aborter = new AbortController();
    this.#listening.abort();
    this.#listening = new AbortController();
    this.#tell({ type: "stop" });
  }

  /** Connect now if there is no connection. */
  hurry() {
    this.#tell({ type: "hurry" });
  }

  /**
   * Load the page before the oldest loaded entry, within 15 seconds. Calls made while a page is loading return the same
   * promise.
   *
   * @returns {Promise<boolean>} whether the page came; if not, you may ask again later
   */
  loadOlder() {
    return this.load(this.state.older);
  }

  /**
   * Load a page for which the state waits, as `loadOlder` does.
   *
   * @param {string | null} address
   * @returns {Promise<boolean>}
   */
  load(address) {
    if (address === null) return Promise.resolve(false);
    const loading = this.#loading.get(address) ?? this.#load(address).finally(() => this.#loading.delete(address));
    this.#loading.set(address, loading);
    return loading;
  }

  /** @param {string} address */
  async #load(address) {
    const aborter = new AbortController();
    const abort = () => aborter.abort();
    const timer = this.#world.setTimeout(abort, PAGE_MILLISECONDS);
    this.#aborter.signal.addEventListener("abort", abort);
    try {
      const answer = await this.#world.fetch(
        new URL(address, this.#address),
        authorized(this.token, { signal: aborter.signal }),
      );
      const page = answer.ok ? /** @type {Page} */ (await answer.json()) : null;
      if (!Array.isArray(page?.entries) || aborter.signal.aborted) return false;
      const outcome = this.state.addPage(address, page);
      if (outcome.kind === "applied") this.#dispatch("change", outcome);
      return outcome.kind === "applied" || outcome.kind === "waiting";
    } catch {
      return false;
    } finally {
      this.#world.clearTimeout(timer);
    }
  }

  /** @param {NonNullable<BareOptions["token"]>} token */
  async #renew(token) {
    let done = false;
    try {
      this.token = (await token()) || null;
      done = true;
    } catch {
      // The page could not get one now
    }
    this.#tell({ type: "renewed", done });
  }

  /** @param {{type: string}} event of the browser */
  #signal = ({ type }) => {
    this.#tell(/** @type {Event} */ ({ type: SIGNALS[type] || (document.hidden ? "hidden" : "visible") }));
  };

  /**
   * Pass events to the machine one after the other: a command may cause another event.
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
