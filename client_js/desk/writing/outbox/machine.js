/** @import { Intention, OutboxCommands, OutboxEvent, Phase, Problem, Verdict, Who } from "../types.js" */
import { backoff } from "../../../src/core/backoff.js";

/** The longest wait that a server may ask for. */
const MAX_RETRY_MILLISECONDS = 3_600_000;
/** Time between two looks at who is signed in, while nobody or somebody else is. */
const CHECK_MILLISECONDS = 15_000;
/** Without a network, the outbox tries again after this time: browsers may be wrong about it. */
const OFFLINE_MILLISECONDS = 30_000;
/** A server remembers an Idempotency-Key for 24 hours. An older request may have been carried out already. */
export const MAX_AGE_MILLISECONDS = 23 * 3_600_000;
/** After so many answers 500 in a row, a request itself is at fault. */
const MAX_FAULTS = 5;

/** @type {Problem} */
const TOO_OLD = {
  status: 0,
  detail: "This was sent more than 23 hours ago and the server did not answer. Look whether it is in the blog.",
};

/**
 * Decides, without I/O, when to send what an editor wants written. It sends one intention at a time, in order, and keeps
 * each one until the server has answered.
 */
export class OutboxMachine {
  #commands;
  #random;
  /** @type {Intention[]} The waiting ones, in order. */
  #queue = [];
  /** Whether this tab sends for all tabs of the person. */
  #leading = false;
  /** The intention that is being sent or settled. @type {Intention | null} */
  #current = null;
  #settling = false;
  #online = true;
  /** @type {Who} */
  #who = "same";
  /** @type {string | null} */
  #token = null;
  #checking = false;
  /** What the server said when it doubted who we are. @type {{problem: Problem, token: string | null} | null} */
  #doubt = null;
  /** Attempts in a row without a usable answer. */
  #failures = 0;
  /** Answers 500 to the first intention in a row. */
  #faults = 0;
  /** Time of the next attempt or check. */
  #due = Infinity;
  #detail = "";
  #now = 0;

  /**
   * @param {OutboxCommands} commands
   * @param {() => number} random from 0 to 1
   */
  constructor(commands, random) {
    this.#commands = commands;
    this.#random = random;
  }

  /**
   * Handle an event, and set the timer for the next deadline.
   *
   * @param {OutboxEvent} event
   * @param {number} now in milliseconds
   */
  handle(event, now) {
    this.#now = now;
    this.#dispatch(event);
    if (this.#due <= now) {
      this.#due = Infinity;
      if (this.#who !== "same") this.#check();
    }
    this.#sendNext();
    this.#commands.wait(this.#due - now);
    this.#commands.show(this.phase, this.#due < Infinity ? this.#due : null, this.#detail);
  }

  /** @returns {Phase} */
  get phase() {
    if (this.#who === "none") return "signed-out";
    if (this.#who === "other") return "other-person";
    if (!this.#queue.length) return "idle";
    if (this.#current) return "sending";
    return this.#online ? "waiting" : "offline";
  }

  /** Whether an intention that is added now would be sent at once. */
  get isFree() {
    const isReady = this.#leading && this.#online && this.#who === "same" && this.#due === Infinity;
    return isReady && !this.#current && !this.#queue.length;
  }

  /** @param {OutboxEvent} event */
  #dispatch(event) {
    switch (event.type) {
      case "lead":
        this.#leading = true;
        return;
      case "queue":
        return this.#take(event.intentions);
      case "answered":
        if (event.key === this.#current?.key && !this.#settling) this.#decide(event.verdict);
        return;
      case "lost":
        if (event.key === this.#current?.key && !this.#settling) this.#retryLater("The server cannot be reached.");
        return;
      case "session":
        return this.#meet(event.who, event.token);
      case "online":
        this.#online = true;
        this.#failures = 0;
        return this.#hurry();
      case "offline":
        this.#online = false;
        this.#detail = "This browser has no network.";
        if (!this.#current && this.#queue.length) this.#due = this.#now + OFFLINE_MILLISECONDS;
        return;
      case "hurry":
        return this.#hurry();
    }
  }

  /** @param {Intention[]} intentions */
  #take(intentions) {
    this.#queue = intentions.filter((one) => one.state === "waiting");
    if (this.#current && !this.#queue.some((one) => one.key === this.#current?.key)) {
      this.#current = null;
      this.#settling = false;
    }
  }

  #hurry() {
    this.#due = Infinity;
    if (this.#who !== "same") this.#check();
  }

  #sendNext() {
    const [next] = this.#queue;
    if (!next || this.#current || !this.#leading || this.#due < Infinity) return;
    if (this.#who !== "same" || this.#checking) return;
    this.#current = next;
    if (next.tried !== null && this.#now - next.tried > MAX_AGE_MILLISECONDS) {
      return this.#settle({ kind: "returned", problem: TOO_OLD });
    }
    this.#commands.send(next);
  }

  /** @param {Verdict} verdict */
  #decide(verdict) {
    if (verdict.kind === "who") return this.#askWho(verdict.problem);
    if (verdict.kind === "later") return this.#decideLater(verdict);
    this.#failures = this.#faults = 0;
    this.#settle(verdict);
  }

  /** @param {Verdict & {kind: "later"}} verdict */
  #decideLater({ seconds, detail, isFault }) {
    this.#faults = isFault ? this.#faults + 1 : 0;
    if (this.#faults < MAX_FAULTS) return this.#retryLater(detail, seconds);
    this.#faults = 0;
    const advice = `${detail} It may have been carried out: look whether it is in the blog before you send it again.`;
    this.#settle({ kind: "returned", problem: { status: 500, detail: advice } });
  }

  /** @param {Exclude<Verdict, {kind: "later"} | {kind: "who"}>} outcome */
  #settle(outcome) {
    this.#settling = true;
    this.#detail = "";
    this.#commands.settle(/** @type {Intention} */ (this.#current), outcome);
  }

  /**
   * Plan the next attempt.
   *
   * @param {string} detail what went wrong
   * @param {number | null} [seconds] that the server asked for
   */
  #retryLater(detail, seconds = null) {
    this.#current = null;
    this.#detail = detail;
    const asked = seconds === null ? 0 : Math.min(MAX_RETRY_MILLISECONDS, seconds * 1_000);
    this.#due = this.#now + Math.max(asked, backoff(this.#failures++, this.#random));
    if (!this.#online) this.#due = Math.max(this.#due, this.#now + OFFLINE_MILLISECONDS);
  }

  /** Ask whose session this is, before an answer 401 or 403 counts. @param {Problem} problem */
  #askWho(problem) {
    this.#doubt = { problem, token: this.#token };
    this.#check();
  }

  #check() {
    if (this.#checking) return;
    this.#checking = true;
    this.#commands.check();
  }

  /**
   * @param {Who} who
   * @param {string} token that the writes of this session carry
   */
  #meet(who, token) {
    this.#checking = false;
    const doubt = this.#doubt;
    this.#doubt = null;
    if (who === "unknown") return this.#retryLater("The server cannot be reached.");
    this.#who = who;
    if (who !== "same") {
      this.#current = null;
      this.#due = this.#now + CHECK_MILLISECONDS;
      this.#detail = "";
      return;
    }
    this.#token = token;
    if (!doubt || !this.#current) {
      this.#due = Infinity;
      return;
    }
    // With another token than before, the request deserves another try
    if (doubt.token !== null && doubt.token !== token) this.#current = null;
    else if (doubt.problem.status === 403) this.#settle({ kind: "returned", problem: doubt.problem });
    else this.#retryLater(doubt.problem.detail);
  }
}
