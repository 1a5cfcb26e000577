/** @import { Beat, Retry, Update } from "./messages.js" */
/** @import { Applied, State } from "./state.js" */
import { backoff } from "./backoff.js";

export const SUBPROTOCOL = "stoppress.v1+json";

/** Close codes of the contract, section 3. After these there is no point in coming back. */
const MALFORMED_CURSOR = 4400;
const TERMINAL = new Set([MALFORMED_CURSOR, 4401, 4403, 4404]);

/** Nothing heard for so long, in milliseconds: two beats are missing. */
const SILENCE = 45_000;

/** The longest wait that a server may ask for, in milliseconds. */
const LONGEST_RETRY = 3_600_000;

/**
 * - `connecting`: for the first time;
 * - `live`: news comes in as it happens;
 * - `reconnecting`: the line was lost, news is late;
 * - `refused`: by the server, for good;
 * - `stopped`: by `stop()`.
 *
 * @typedef {"connecting" | "live" | "reconnecting" | "refused" | "stopped"} Phase
 */

/**
 * @typedef {object} Handlers
 * @property {(outcome: Applied) => void} applied the state has changed
 * @property {(phase: Phase, code?: number) => void} phase with the close code if it is `refused`
 */

/**
 * The part of `WebSocket` that is used.
 *
 * @typedef {object} Socket
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {() => void} close
 */

/**
 * What a connection needs of the world.
 *
 * @typedef {object} World
 * @property {new (address: string, protocols: string[]) => Socket} WebSocket
 * @property {(run: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now in milliseconds
 * @property {() => number} random from 0 to 1
 */

/** @returns {World} */
function browser() {
  return {
    WebSocket,
    setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer),
    now: () => Date.now(),
    random: () => Math.random(),
  };
}

/** Keeps one blog's state up to date over a WebSocket, and comes back whenever the line is lost. */
export class Connection {
  #address;
  #state;
  #handlers;
  #world;
  /** @type {Socket | null} */
  #socket = null;
  /** The only timer: until the next attempt while there is no socket, else until the silence is too long.
   * @type {any} */
  #timer = null;
  #heardAt = 0;
  /** @type {Phase} */
  #phase = "stopped";
  /** Attempts without a usable answer, in a row. */
  #failures = 0;
  /** Gaps without progress in between: the first is worth an immediate question, a server that insists is not. */
  #gaps = 0;
  /** @type {Retry | null} */
  #retry = null;

  /**
   * @param {string} address of the blog's live surface: `wss://host/blogs/NAME/live`
   * @param {State} state
   * @param {Handlers} handlers
   * @param {World} [world]
   */
  constructor(address, state, handlers, world = browser()) {
    this.#address = address;
    this.#state = state;
    this.#handlers = handlers;
    this.#world = world;
  }

  start() {
    if (this.#phase !== "stopped") return;
    this.#enter("connecting");
    this.#connect();
  }

  stop() {
    this.#drop();
    this.#enter("stopped");
  }

  /** The network is back, or the page is looked at again: do not wait any longer than needed. */
  hurry() {
    if (this.#phase === "stopped" || this.#phase === "refused") return;
    if (this.#socket === null) this.#connect();
    else if (this.#world.now() - this.#heardAt >= SILENCE) this.#connect();
  }

  #connect() {
    this.#drop();
    const { cursor } = this.#state;
    const address = cursor === null ? this.#address : `${this.#address}?since=${encodeURIComponent(cursor)}`;
    const socket = new this.#world.WebSocket(address, [SUBPROTOCOL]);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => this.#closed(code, cursor);
    this.#listen();
  }

  /** Let go of socket and timer. A close handshake over a dead line would take minutes: nobody waits for it. */
  #drop() {
    this.#world.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#state.disconnected();
    if (socket === null) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #listen() {
    this.#heardAt = this.#world.now();
    this.#world.clearTimeout(this.#timer);
    this.#timer = this.#world.setTimeout(() => this.#lost(), SILENCE);
  }

  /** @param {string} data */
  #heard(data) {
    this.#listen();
    const message = parse(data);
    if (message === null) this.#lost();
    else if (message.type === "retry") this.#retry = message;
    else if (message.type === "update" || message.type === "beat") this.#take(message);
    // Any other type is from a later version and for clients that know it
  }

  /** @param {Update | Beat} message */
  #take(message) {
    const before = this.#state.cursor;
    const outcome = this.#state.apply(message);
    if (outcome.kind === "gap") {
      this.#ask();
      return;
    }
    this.#failures = 0;
    this.#retry = null;
    if (message.type === "beat" || this.#state.cursor !== before) this.#gaps = 0;
    if (outcome.kind === "applied") {
      this.#handlers.applied(outcome);
      this.#enter("live");
    }
  }

  /** Something is missing: the answer to a new connection is what differs from the state's cursor. */
  #ask() {
    this.#gaps += 1;
    if (this.#gaps === 1) this.#connect();
    else this.#lost();
  }

  /**
   * @param {number} code
   * @param {string | null} cursor that the connection was made with
   */
  #closed(code, cursor) {
    this.#socket = null;
    if (code === MALFORMED_CURSOR && cursor !== null) {
      this.#state.cursor = null;
      this.#connect();
    } else if (TERMINAL.has(code)) {
      this.#drop();
      this.#enter("refused", code);
    } else {
      this.#lost();
    }
  }

  #lost() {
    this.#drop();
    this.#enter(this.#phase === "connecting" ? "connecting" : "reconnecting");
    this.#timer = this.#world.setTimeout(() => this.#connect(), this.#wait());
  }

  #wait() {
    const retry = this.#retry;
    this.#retry = null;
    const { random } = this.#world;
    if (retry !== null) return Math.min(LONGEST_RETRY, retry.min + random() * (retry.max - retry.min));
    const failures = Math.max(this.#failures, this.#gaps - 1);
    this.#failures += 1;
    return backoff(failures, random);
  }

  /**
   * @param {Phase} phase
   * @param {number} [code]
   */
  #enter(phase, code) {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#handlers.phase(phase, code);
  }
}

/**
 * @param {string} data
 * @returns {Update | Beat | Retry | null} null if it makes no sense
 */
function parse(data) {
  try {
    const message = JSON.parse(data);
    return message.type === "retry" && !isSane(message) ? null : message;
  } catch {
    return null;
  }
}

/** @param {Retry} retry */
function isSane({ min, max }) {
  return Number.isFinite(min) && Number.isFinite(max) && min >= 0 && max >= min;
}
