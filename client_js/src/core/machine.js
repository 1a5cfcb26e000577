/** @import { Commands, Event, Phase } from "./events.js" */
/** @import { Beat, Retry, Update } from "./messages.js" */
/** @import { State } from "./state.js" */
import { backoff } from "./backoff.js";
import { isSane } from "./sane.js";

// All in milliseconds.

/** Nothing heard for so long: two beats are missing. */
export const SILENCE_MILLISECONDS = 45_000;
/** Until the first message of a new line. */
export const FIRST_MESSAGE_MILLISECONDS = 10_000;
/** Hidden for so long, a page lets go of its line until it is seen again. */
export const HIDDEN_MILLISECONDS = 180_000;
/** Until the first transport is tried again beside one that it fell back to: from this long to twice as long. */
export const TRIAL_MILLISECONDS = 150_000;
/** The longest wait that a server may ask for. */
export const MAX_RETRY_MILLISECONDS = 3_600_000;
/** The clock is looked at so often; if it went on by much more, the machine has slept. */
export const TICK_MILLISECONDS = 10_000;
export const SLEPT_MILLISECONDS = 5_000;

const MALFORMED_CURSOR = 4400;

/** A connection to one blog without I/O: events go in, commands are given. One line at a time, by one transport. */
export class Machine {
  #state;
  #commands;
  #random;
  #count;
  #own;
  /** What can be said of the line. @type {Phase} */
  phase = "stopped";
  /** Whether a line is wanted: not if it was stopped or refused, or while the page is put away. */
  #active = false;
  #rank = 0;
  /** How many lines there were; the number of one is its name. */
  #connectionCount = 0;
  /** @type {number | null} */
  #connection = null;
  /** Whether the line is only to see if HTTP works. */
  #probing = false;
  /** Whether the line, by the transport whose turn it is, has not said anything yet. */
  #doubtful = false;
  /** A line by the first transport, beside one by a later transport. @type {number | null} */
  #trial = null;
  #leading = false;
  /** Attempts without a usable answer, in a row. */
  #failures = 0;
  /** Gaps without progress in between: the first is worth an immediate question, a server that insists is not. */
  #gaps = 0;
  /** @type {Retry | null} */
  #retry = null;
  #now = 0;
  /** When the timer should come. */
  #expected = Infinity;
  /** When the line has been silent for too long; without a line, when to try again. */
  #connectionDue = Infinity;
  /** When the page has been hidden for too long. */
  #hiddenDue = Infinity;
  /** When to begin a trial, or to end the one that goes on. */
  #trialDue = Infinity;

  /**
   * @param {State} state that messages go to
   * @param {Commands} commands
   * @param {number} count of transports, the preferred one first; the last one is taken to be plain HTTP
   * @param {boolean} shared whether the first transport is another tab's line
   * @param {() => number} random from 0 to 1
   */
  constructor(state, commands, count, shared, random) {
    this.#state = state;
    this.#commands = commands;
    this.#count = count;
    this.#own = shared ? 1 : 0;
    this.#random = random;
  }

  /**
   * @param {Event} event
   * @param {number} now in milliseconds, by a clock that goes on while the machine sleeps
   */
  handle(event, now) {
    const slept = now > this.#expected + SLEPT_MILLISECONDS || now < this.#now - SLEPT_MILLISECONDS;
    this.#now = now;
    if (this.#active) this.#passed(slept);
    this.#take(event);
    this.#expected = this.#active ? Math.min(this.#connectionDue, this.#hiddenDue, this.#trialDue, now + TICK_MILLISECONDS) : Infinity;
    this.#commands.wait(this.#expected - now);
  }

  /** @param {Event} event */
  #take(event) {
    switch (event.type) {
      case "start":
        if (this.phase !== "stopped") return;
        this.#rank = this.#failures = this.#gaps = 0;
        this.#hiddenDue = Infinity;
        this.#retry = null;
        this.#enter("connecting");
        return this.#comeBack();
      case "stop":
        return this.#end("stopped");
      case "hidden":
        this.#hiddenDue = this.#now + HIDDEN_MILLISECONDS;
        return;
      case "visible":
        this.#hiddenDue = Infinity;
        return this.#comeBack();
      case "return":
        if (this.#hiddenDue < Infinity) this.#hiddenDue = this.#now + HIDDEN_MILLISECONDS;
        return this.#comeBack();
    }
    if (!this.#active) return;
    switch (event.type) {
      case "message":
        return this.#heard(event.id, event.message);
      case "closed":
        return this.#closed(event.id, event.code);
      case "hurry":
        return this.#comeBack();
      case "online":
        this.#rank = Math.min(this.#rank, this.#own);
        this.#failures = 0;
        return this.#connect();
      case "offline":
        return this.#lost();
      case "leave":
        return this.#end("reconnecting");
      case "lead":
        this.#leading = true;
        if (this.#rank < this.#own) this.#fall();
        return;
      case "relayed":
        if (this.#leading) return;
        this.#rank = 0;
        return this.#connect();
    }
  }

  /**
   * What was waited for until now.
   *
   * @param {boolean} slept then nothing is known of the line, whatever it looks like
   */
  #passed(slept) {
    if (this.#hiddenDue <= this.#now || (slept && this.#hiddenDue < Infinity)) return this.#end("reconnecting");
    if (slept) {
      this.#laterTrial();
      this.#connect();
    }
    if (this.#connectionDue <= this.#now) this.#connection === null ? this.#connect() : this.#failed();
    if (this.#trialDue <= this.#now) this.#try();
  }

  #comeBack() {
    if (this.phase === "stopped" || this.phase === "refused") return;
    if (!this.#active) this.#laterTrial();
    this.#active = true;
    if (this.#connection === null) this.#connect();
  }

  /**
   * No line and no share in another tab's, for good or until the page is taken up again.
   *
   * @param {Phase} phase
   * @param {number} [code]
   */
  #end(phase, code) {
    this.#drop();
    this.#active = this.#leading = false;
    if (this.#own) this.#rank = 0;
    this.#commands.leave();
    this.#enter(phase, code);
  }

  /** Open a line by the present transport, or by the last one to see whether HTTP works. */
  #connect(probing = false) {
    this.#drop();
    this.#probing = probing;
    this.#doubtful = !probing;
    this.#connection = this.#open(probing ? this.#count - 1 : this.#rank);
    this.#connectionDue = this.#now + FIRST_MESSAGE_MILLISECONDS;
  }

  /** @param {number} rank */
  #open(rank) {
    this.#connectionCount += 1;
    this.#commands.connect(this.#connectionCount, rank, this.#state.cursor);
    return this.#connectionCount;
  }

  /** Let go of all lines, or of all but one. @param {number | null} [id] of a connection */
  #drop(id = null) {
    this.#state.disconnected();
    this.#commands.keep(id);
    this.#connection = id;
    this.#trial = null;
  }

  /**
   * @param {number} id of the connection
   * @param {any} message
   */
  #heard(id, message) {
    // A server may refuse a trial, by a message and then by closing it
    if (id === this.#trial && message?.cursor) {
      this.#drop(id);
      this.#probing = false;
      this.#rank = this.#own;
    }
    if (id !== this.#connection) return;
    this.#connectionDue = this.#now + SILENCE_MILLISECONDS;
    if (!isSane(message)) return this.#failed();
    this.#commands.heard(message);
    if (message.type === "retry") this.#retry = message;
    else if (message.type === "update" || message.type === "beat") this.#apply(message);
    else if (message.type === "lost") this.#enter("reconnecting");
    else if (message.type === "reset" && message.cursor !== this.#state.cursor) this.#ask();
    // Any other type is from a later version and for clients that know it
  }

  /** @param {Update | Beat} message */
  #apply(message) {
    const before = this.#state.cursor;
    const outcome = this.#state.apply(message);
    if (outcome.kind === "gap") return this.#ask();
    if (message.type === "beat" || this.#state.cursor !== before) this.#gaps = 0;
    if (outcome.kind === "applied") this.#commands.applied(outcome);
    if (this.#probing) return this.#fall();
    this.#doubtful = false;
    this.#failures = 0;
    this.#retry = null;
    if (outcome.kind !== "waiting") this.#enter("live");
  }

  /** Something is missing: the answer to a new line is what differs from the state's cursor. */
  #ask() {
    this.#gaps += 1;
    if (this.#gaps === 1) this.#connect();
    else this.#failed();
  }

  /**
   * @param {number} id of the connection
   * @param {number} code
   */
  #closed(id, code) {
    if (id === this.#trial) this.#laterTrial();
    if (id !== this.#connection) return;
    if (code === MALFORMED_CURSOR && this.#state.cursor !== null) {
      this.#state.cursor = null;
      this.#connect();
    } else if (code >= 4400 && code < 4500) {
      this.#end("refused", code);
    } else {
      this.#failed();
    }
  }

  /**
   * The line is of no use. If it never was, and the page has just come over HTTP or this is not the first time, HTTP is
   * asked: it may work where this transport does not. If it does not either, the server is down.
   */
  #failed() {
    if (this.#rank < this.#own) return this.#fall();
    const suspect = this.#failures > 1 || this.phase === "connecting";
    const further = this.#rank < this.#count - 1 && this.#retry === null;
    if (further && suspect && this.#doubtful) this.#connect(true);
    else this.#lost();
  }

  /** To the next transport. */
  #fall() {
    this.#rank += 1;
    this.#laterTrial();
    this.#connect();
  }

  /** No trial until minutes later. */
  #laterTrial() {
    this.#commands.keep(this.#connection);
    this.#trial = null;
    this.#trialDue = this.#now + TRIAL_MILLISECONDS * (1 + this.#random());
  }

  /** See whether the first transport works by now, while the present one goes on. */
  #try() {
    const further = this.#rank > this.#own && this.#trial === null;
    this.#laterTrial();
    if (!further) return;
    if (this.#connection === null) {
      this.#rank = this.#own;
    } else {
      this.#trial = this.#open(this.#own);
      this.#trialDue = this.#now + FIRST_MESSAGE_MILLISECONDS;
    }
  }

  #lost() {
    this.#drop();
    this.#enter("reconnecting");
    const retry = this.#retry;
    this.#retry = null;
    const wait = retry
      ? Math.min(MAX_RETRY_MILLISECONDS, retry.min + this.#random() * (retry.max - retry.min))
      : backoff(Math.max(this.#failures++, this.#gaps - 1), this.#random);
    this.#connectionDue = this.#now + wait;
  }

  /**
   * @param {Phase} phase
   * @param {number} [code]
   */
  #enter(phase, code) {
    // Never connected is no reconnecting
    if (phase === this.phase || (phase === "reconnecting" && this.phase === "connecting")) return;
    this.phase = phase;
    this.#commands.phase(phase, code);
  }
}
