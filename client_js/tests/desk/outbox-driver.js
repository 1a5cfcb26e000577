/** @import { Intention, OutboxCommands, OutboxEvent, Phase, Verdict } from "../../desk/writing/types.js" */
import { OutboxMachine } from "../../desk/writing/outbox/machine.js";

/**
 * Make an intention.
 *
 * @param {Partial<Intention>} [parts]
 * @returns {Intention}
 */
export function intention(parts = {}) {
  const key = parts.key ?? crypto.randomUUID();
  return {
    key,
    order: null,
    kind: "publish",
    blog: "demo",
    label: key,
    method: "POST",
    path: "/api/blogs/demo/entries",
    body: "{}",
    ifMatch: null,
    draft: null,
    made: 0,
    tried: null,
    state: "waiting",
    problem: null,
    ...parts,
  };
}

/** Drives the machine of an outbox: keeps its clock, queue and commands. */
export class OutboxDriver {
  now = 1_000_000;
  /** @type {number | null} */
  due = null;
  random = 0;
  /** @type {Intention[]} */
  queue = [];
  /** @type {string[]} */
  sent = [];
  /** @type {string[]} */
  settled = [];
  checks = 0;
  /** @type {{phase: Phase, retryAt: number | null, detail: string}} */
  shown = { phase: "idle", retryAt: null, detail: "" };

  /** @param {string[]} [keys] of the queue */
  constructor(keys = []) {
    /** @type {OutboxCommands} */
    const commands = {
      send: ({ key }) => this.sent.push(key),
      settle: ({ key }, { kind }) => this.settled.push(`${key} ${kind}`),
      check: () => (this.checks += 1),
      wait: (milliseconds) => (this.due = milliseconds < Infinity ? this.now + milliseconds : null),
      show: (phase, retryAt, detail) => (this.shown = { phase, retryAt, detail }),
    };
    this.machine = new OutboxMachine(commands, () => this.random);
    this.who("same", "token");
    this.fill(keys);
    this.tell({ type: "lead" });
  }

  /** @param {OutboxEvent} event */
  tell(event) {
    this.machine.handle(event, this.now);
  }

  /** @param {string[]} keys */
  fill(keys, parts = {}) {
    this.queue = keys.map((key) => intention({ key, ...parts }));
    this.tell({ type: "queue", intentions: this.queue });
  }

  /** The server answers what was sent last, and its intention ends. @param {Verdict} verdict */
  answer(verdict) {
    const key = this.sent[this.sent.length - 1];
    this.tell({ type: "answered", key, verdict });
  }

  /** The intention in front is settled. */
  settle() {
    this.queue = this.queue.slice(1);
    this.tell({ type: "queue", intentions: this.queue });
  }

  lose() {
    this.tell({ type: "lost", key: this.sent[this.sent.length - 1] });
  }

  /** @param {import("../../desk/writing/types.js").Who} who */
  who(who, token = "token") {
    this.tell({ type: "session", who, token });
  }

  /** Let time pass until the timer. Return how long it took, in milliseconds. */
  wake() {
    if (this.due === null) throw new Error("no timer");
    const waited = this.due - this.now;
    this.now = this.due;
    this.tell({ type: "timer" });
    return waited;
  }
}

/** @type {Verdict} */
export const done = { kind: "done", status: 201, content: { id: "e1" }, version: 1 };

/** @type {(status: number) => Verdict} */
export const who = (status) => ({ kind: "who", problem: { status, detail: `${status}` } });

/** @type {(seconds?: number | null) => Verdict} */
export const later = (seconds = null) => ({ kind: "later", seconds, detail: "The store cannot answer now." });
