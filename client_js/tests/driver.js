/** @import { Commands, Event } from "../src/core/events.js" */
import { Machine } from "../src/core/machine.js";
import { State } from "../src/core/state.js";

/** Drives a machine: keeps its clock and records its commands. */
export class Driver {
  now = 1_000_000;
  /** Time of the timer. @type {number | null} */
  due = null;
  /** @type {{id: number, rank: number, cursor: string | null, open: boolean}[]} */
  connections = [];
  /** @type {string[]} */
  phases = [];
  /** @type {string[][]} */
  shown = [];
  left = 0;
  renewals = 0;
  random = 0;

  /** @param {{cursor?: string | null, count?: number, shared?: boolean, renews?: boolean}} [options] */
  constructor({ cursor = "2-b", count = 1, shared = false, renews = false } = {}) {
    this.state = new State({ cursor });
    if (renews) this.#commands.renew = () => void (this.renewals += 1);
    this.machine = new Machine(this.state, this.#commands, count, shared, () => this.random);
    this.tell("start");
  }

  /** @param {Event | Exclude<Event["type"], "message" | "closed" | "renewed">} event */
  tell(event) {
    const told = /** @type {Event} */ (typeof event === "string" ? { type: event } : event);
    this.machine.handle(told, this.now);
    const open = this.connections.filter((one) => one.open).length;
    if (open > 2) throw new Error(`${open} connections at once`);
  }

  /** @type {Commands} */
  #commands = {
    connect: (id, rank, cursor) => this.connections.push({ id, rank, cursor, open: true }),
    keep: (kept) => {
      for (const one of this.connections) one.open &&= one.id === kept;
    },
    wait: (milliseconds) => (this.due = milliseconds < Infinity ? this.now + milliseconds : null),
    heard: () => {},
    applied: ({ changed }) => this.shown.push(changed),
    phase: (phase, code) => this.phases.push(code ? `${phase} ${code}` : phase),
    leave: () => (this.left += 1),
  };

  /** The newest connection. */
  get connection() {
    return this.connections[this.connections.length - 1];
  }

  get phase() {
    return this.phases[this.phases.length - 1];
  }

  /** Which connections are open. */
  get open() {
    return this.connections.map(({ open }) => open);
  }

  /** The ranks of all connections so far. */
  get ranks() {
    return this.connections.map(({ rank }) => rank);
  }

  /** Answer the request for a token. */
  renewed(done = true) {
    this.tell({ type: "renewed", done });
  }

  /** @param {any} message */
  send(message, { id } = this.connection) {
    this.tell({ type: "message", id, message });
  }

  /** Lose the connection, or let the server close it. */
  drop(code = 1006, { id } = this.connection) {
    for (const one of this.connections) one.open &&= one.id !== id;
    this.tell({ type: "closed", id, code });
  }

  /** Let time pass, with the timer events in it. */
  pass(milliseconds = 0) {
    const end = this.now + milliseconds;
    while (this.due !== null && this.due <= end) {
      this.now = this.due;
      this.tell("timer");
    }
    this.now = end;
  }

  /** Let time pass until there is a new connection. Return how long it took, in milliseconds. */
  attempt() {
    const [begin, count] = [this.now, this.connections.length];
    while (this.connections.length === count) {
      if (this.due === null || this.now > begin + 7_200_000) throw new Error("no new connection in two hours");
      this.now = this.due;
      this.tell("timer");
    }
    return this.now - begin;
  }

  /** Let the computer sleep, without timer events. */
  sleep(milliseconds = 0) {
    this.now += milliseconds;
    this.tell("timer");
  }
}

/**
 * Make an update with one entry.
 *
 * @param {string | null} from
 * @param {string} cursor
 */
export function update(from, cursor, more = false) {
  const seq = Number.parseInt(cursor, 10);
  const entry = { id: `e${seq}`, seq, version: 1, status: "published", published_at: "2020-10-09T06:05:00.000Z" };
  return { type: "update", blog: "demo", from, cursor, entries: [entry], ...(more && { more }) };
}

/** @param {string} cursor */
export const nothingNew = (cursor) => ({ type: "update", blog: "demo", from: cursor, cursor, entries: [] });

/** @param {string} cursor */
export const beat = (cursor) => ({ type: "beat", cursor });
