/** @import { Event } from "./events.js" */
/** @import { Message } from "./messages.js" */
/** @import { Applied, State } from "./state.js" */
/** @import { Close, Transport, World } from "../transports/transport.js" */
import { Machine } from "./machine.js";

/** @typedef {import("./events.js").Phase} Phase */

/**
 * @typedef {object} Handlers
 * @property {(outcome: Applied) => void} applied the state has changed
 * @property {(phase: Phase, code?: number) => void} phase with the close code if it is `refused`
 * @property {() => void} heard the server said something
 */

/**
 * What tabs do together; see `tabs.js`.
 *
 * @typedef {object} Sharing
 * @property {Transport} transport a line that is another tab's
 * @property {(message: any) => void} relay a message to the other tabs, if this one leads
 * @property {() => void} leave
 */

/** What browsers tell of the network and of the page; "" is for what has to be looked up. */
const SIGNALS = {
  online: "online",
  offline: "offline",
  pagehide: "leave",
  freeze: "leave",
  pageshow: "return",
  resume: "return",
  visibilitychange: "",
};

/** Does what a machine says, with real lines, timers and tabs. */
export class Connection {
  #blog;
  #machine;
  #handlers;
  #world;
  #transports;
  #tabs;
  /** What closes each open line. @type {Map<number, Close>} */
  #lines = new Map();
  /** @type {any} */
  #timer;
  /** @type {Event[]} */
  #events = [];
  #telling = false;
  /** @type {AbortController | null} */
  #listening = null;

  /**
   * @param {URL} blog its address
   * @param {State} state
   * @param {Handlers} handlers
   * @param {World} world
   * @param {Transport[]} transports the preferred one first, plain HTTP last
   * @param {((tell: (event: Event) => void) => Sharing | null) | undefined} share makes what tabs do together
   */
  constructor(blog, state, handlers, world, transports, share) {
    this.#blog = blog;
    this.#handlers = handlers;
    this.#world = world;
    this.#tabs = share?.((event) => this.tell(event));
    this.#transports = this.#tabs ? [this.#tabs.transport, ...transports] : transports;
    this.#machine = new Machine(state, this.#transports.length, Boolean(this.#tabs), world.random);
  }

  start() {
    this.tell({ type: "start" });
    if (this.#listening || !globalThis.document) return;
    this.#listening = new AbortController();
    // Some are the document's and do not bubble
    const options = { capture: true, signal: this.#listening.signal };
    for (const [name, type] of Object.entries(SIGNALS)) {
      addEventListener(name, () => this.#signal(type), options);
    }
    this.#signal("");
  }

  stop() {
    this.#listening?.abort();
    this.#listening = null;
    this.tell({ type: "stop" });
  }

  /** @param {string} type */
  #signal(type) {
    this.tell(/** @type {Event} */ ({ type: type || (document.hidden ? "hidden" : "visible") }));
  }

  /**
   * One event after the other: what handlers do meanwhile comes after what is being done.
   *
   * @param {Event} event
   */
  tell(event) {
    this.#events.push(event);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next; (next = this.#events.shift()); ) {
        for (const command of this.#machine.handle(next, this.#world.now())) this.#perform(command);
      }
    } finally {
      this.#telling = false;
    }
  }

  /** @param {import("./events.js").Command} command */
  #perform(command) {
    switch (command.do) {
      case "connect":
        return this.#connect(command.line, command.rank, command.cursor);
      case "close":
        this.#lines.get(command.line)?.();
        return this.#lines.delete(command.line);
      case "timer":
        this.#world.clearTimeout(this.#timer);
        if (command.wait !== null) this.#timer = this.#world.setTimeout(() => this.tell({ type: "timer" }), command.wait);
        return;
      case "applied":
        return this.#handlers.applied(command.outcome);
      case "phase":
        if (command.phase === "reconnecting") this.#tabs?.relay({ type: "lost" });
        return this.#handlers.phase(command.phase, command.code);
      case "leave":
        return this.#tabs?.leave();
    }
  }

  /**
   * @param {number} line
   * @param {number} rank
   * @param {string | null} cursor
   */
  #connect(line, rank, cursor) {
    const on = {
      message: (/** @type {Message | null} */ message) => {
        if (!this.#lines.has(line)) return;
        this.#handlers.heard();
        this.#tabs?.relay(message);
        this.tell({ type: "message", line, message });
      },
      closed: (/** @type {number} */ code) => {
        this.#lines.delete(line);
        this.tell({ type: "closed", line, code });
      },
    };
    this.#lines.set(line, () => {});
    try {
      this.#lines.set(line, this.#transports[rank]({ blog: this.#blog, cursor, world: this.#world }, on));
    } catch {
      on.closed(1006); // the browser does not allow it at all, as a plain socket on a page that came by TLS
    }
  }
}
