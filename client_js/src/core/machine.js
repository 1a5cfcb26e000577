/** @import { Command, Event, Phase } from "./events.js" */
/** @import { Beat, Retry, Update } from "./messages.js" */
/** @import { State } from "./state.js" */
import { backoff } from "./backoff.js";
import { isSane } from "./sane.js";

// All in milliseconds.

/** Nothing heard for so long: two beats are missing. */
export const SILENCE = 45_000;
/** Until the first message of a new line. */
export const PATIENCE = 10_000;
/** Hidden for so long, a page lets go of its line until it is seen again. */
export const HIDDEN = 180_000;
/** Until the first transport is tried again beside one that it fell back to: from this long to twice as long. */
export const UPGRADE = 150_000;
/** The longest wait that a server may ask for. */
export const LONGEST_RETRY = 3_600_000;
/** The clock is looked at so often; if it went on by much more, the machine has slept. */
export const TICK = 10_000;
export const SLEPT = 5_000;

const MALFORMED_CURSOR = 4400;

/** @typedef {{id: number, heard: boolean, probe: boolean}} Line */

/** A connection to one blog without I/O: events go in, commands come out. One line at a time, by one transport. */
export class Machine {
  #state;
  #random;
  #count;
  #own;
  /** @type {Phase} */
  #phase = "stopped";
  #rank = 0;
  #lines = 0;
  /** @type {Line | null} */
  #line = null;
  /** A line by the first transport, beside one by a later transport. @type {Line | null} */
  #trial = null;
  #hidden = false;
  #away = false;
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
  #at = nothing();
  /** @type {Command[]} */
  #commands = [];

  /**
   * @param {State} state that messages go to
   * @param {number} count of transports, the preferred one first; the last one is taken to be plain HTTP
   * @param {boolean} shared whether the first transport is another tab's line
   * @param {() => number} random from 0 to 1
   */
  constructor(state, count, shared, random) {
    this.#state = state;
    this.#count = count;
    this.#own = shared ? 1 : 0;
    this.#random = random;
  }

  get #active() {
    return this.#phase !== "stopped" && this.#phase !== "refused" && !this.#away;
  }

  /**
   * @param {Event} event
   * @param {number} now in milliseconds, by a clock that goes on while the machine sleeps
   * @returns {Command[]}
   */
  handle(event, now) {
    this.#commands = [];
    const slept = now > this.#expected + SLEPT || now < this.#now - SLEPT;
    this.#now = now;
    if (this.#active) slept ? this.#wake() : this.#passed();
    this.#take(event);
    const wait = Math.min(...Object.values(this.#at)) - now;
    this.#expected = this.#active ? now + Math.min(wait, TICK) : Infinity;
    this.#commands.push({ do: "timer", wait: this.#active ? this.#expected - now : null });
    return this.#commands;
  }

  /** @param {Event} event */
  #take(event) {
    switch (event.type) {
      case "start":
        if (this.#phase !== "stopped") return;
        this.#rank = this.#failures = this.#gaps = 0;
        this.#away = this.#hidden = false;
        this.#retry = null;
        this.#at = nothing();
        this.#enter("connecting");
        return this.#connect();
      case "stop":
        this.#end();
        return this.#enter("stopped");
      case "hidden":
      case "visible":
        this.#hidden = event.type === "hidden";
        this.#at.hidden = this.#hidden ? this.#now + HIDDEN : Infinity;
        return this.#hidden ? undefined : this.#comeBack();
      case "return":
        return this.#comeBack();
    }
    if (!this.#active) return;
    switch (event.type) {
      case "message":
        return this.#heard(event.line, event.message);
      case "closed":
        return this.#closed(event.line, event.code);
      case "hurry":
        return this.#line ? undefined : this.#connect();
      case "online":
        this.#rank = Math.min(this.#rank, this.#own);
        this.#failures = 0;
        return this.#connect();
      case "offline":
        return this.#lost();
      case "leave":
        return this.#goAway();
      case "lead":
        this.#leading = true;
        if (this.#rank < this.#own) this.#fall();
        return;
      case "relayed":
        if (this.#leading || !this.#own) return;
        this.#rank = 0;
        this.#at.upgrade = Infinity;
        return this.#connect();
    }
  }

  /** What was waited for until now. */
  #passed() {
    const { hidden, silence, attempt, trial, upgrade } = this.#at;
    if (hidden <= this.#now) return this.#goAway();
    if (silence <= this.#now) this.#failed();
    if (attempt <= this.#now) this.#connect();
    if (trial <= this.#now) this.#endTrial();
    if (upgrade <= this.#now) this.#upgrade();
  }

  /** After a sleep nothing is known of the line, whatever it looks like. */
  #wake() {
    if (this.#hidden) return this.#goAway();
    if (this.#rank > this.#own) this.#laterUpgrade();
    this.#connect();
  }

  /** Let go of everything until the page is taken up again. */
  #goAway() {
    this.#end();
    this.#away = true;
    this.#enter(this.#phase === "connecting" ? "connecting" : "reconnecting");
  }

  #comeBack() {
    const wasAway = this.#away;
    this.#away = false;
    if (!this.#active) return;
    if (wasAway && this.#hidden) this.#at.hidden = this.#now + HIDDEN;
    if (!this.#line) this.#connect();
  }

  /** No line and no share in another tab's. */
  #end() {
    this.#drop();
    this.#at = nothing();
    this.#leading = false;
    if (this.#own) this.#rank = 0;
    this.#commands.push({ do: "leave" });
  }

  /** Open a line by the present transport, or by the last one to see whether HTTP works. */
  #connect(probe = false) {
    this.#drop();
    this.#line = this.#open(probe ? this.#count - 1 : this.#rank, probe);
    this.#at.silence = this.#now + PATIENCE;
  }

  /** @param {number} rank @returns {Line} */
  #open(rank, probe = false) {
    const id = ++this.#lines;
    this.#commands.push({ do: "connect", line: id, rank, cursor: this.#state.cursor });
    return { id, heard: false, probe };
  }

  #drop() {
    this.#state.disconnected();
    this.#close(this.#line);
    this.#close(this.#trial);
    this.#line = this.#trial = null;
    this.#at.silence = this.#at.attempt = this.#at.trial = Infinity;
  }

  /** @param {Line | null} line */
  #close(line) {
    if (line) this.#commands.push({ do: "close", line: line.id });
  }

  /**
   * @param {number} id of the line
   * @param {any} message
   */
  #heard(id, message) {
    if (this.#trial?.id === id) this.#adopt(this.#trial);
    if (this.#line?.id !== id) return;
    this.#at.silence = this.#now + SILENCE;
    if (!isSane(message)) this.#failed();
    else if (message.type === "retry") this.#retry = message;
    else if (message.type === "update" || message.type === "beat") this.#apply(this.#line, message);
    else if (message.type === "lost") this.#enter("reconnecting");
    else if (message.type === "reset" && message.cursor !== this.#state.cursor) this.#ask();
    // Any other type is from a later version and for clients that know it
  }

  /**
   * @param {Line} line
   * @param {Update | Beat} message
   */
  #apply(line, message) {
    const before = this.#state.cursor;
    const outcome = this.#state.apply(message);
    if (outcome.kind === "gap") return this.#ask();
    if (message.type === "beat" || this.#state.cursor !== before) this.#gaps = 0;
    if (outcome.kind === "applied") this.#commands.push({ do: "applied", outcome });
    if (line.probe) return this.#fall();
    line.heard = true;
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
   * @param {number} id of the line
   * @param {number} code
   */
  #closed(id, code) {
    if (this.#trial?.id === id) this.#endTrial();
    if (this.#line?.id !== id) return;
    if (code === MALFORMED_CURSOR && this.#state.cursor !== null) {
      this.#state.cursor = null;
      this.#connect();
    } else if (code >= 4400 && code < 4500) {
      this.#end();
      this.#enter("refused", code);
    } else {
      this.#failed();
    }
  }

  /**
   * The line is of no use. If it never was, and the page has just come over HTTP or this is not the first time, HTTP is
   * asked: it may work where this transport does not. If it does not either, the server is down.
   */
  #failed() {
    const line = this.#line;
    if (this.#rank < this.#own) return this.#fall();
    const suspect = this.#failures > 1 || this.#phase === "connecting";
    const further = this.#rank < this.#count - 1 && this.#retry === null;
    if (further && suspect && line && !line.heard && !line.probe) this.#connect(true);
    else this.#lost();
  }

  /** To the next transport. */
  #fall() {
    this.#rank += 1;
    if (this.#rank > this.#own) this.#laterUpgrade();
    this.#connect();
  }

  #laterUpgrade() {
    this.#at.upgrade = this.#now + UPGRADE * (1 + this.#random());
  }

  /** See whether the first transport works by now, while the present one goes on. */
  #upgrade() {
    this.#at.upgrade = Infinity;
    if (this.#line?.heard) {
      this.#trial = this.#open(this.#own);
      this.#at.trial = this.#now + PATIENCE;
    } else {
      this.#rank = this.#own;
    }
  }

  #endTrial() {
    this.#close(this.#trial);
    this.#trial = null;
    this.#at.trial = Infinity;
    this.#laterUpgrade();
  }

  /** @param {Line} trial that has been heard */
  #adopt(trial) {
    this.#trial = null;
    this.#drop();
    this.#line = trial;
    this.#rank = this.#own;
  }

  #lost() {
    this.#drop();
    this.#enter(this.#phase === "connecting" ? "connecting" : "reconnecting");
    this.#at.attempt = this.#now + this.#wait();
  }

  #wait() {
    const retry = this.#retry;
    this.#retry = null;
    if (retry !== null) return Math.min(LONGEST_RETRY, retry.min + this.#random() * (retry.max - retry.min));
    const failures = Math.max(this.#failures, this.#gaps - 1);
    this.#failures += 1;
    return backoff(failures, this.#random);
  }

  /**
   * @param {Phase} phase
   * @param {number} [code]
   */
  #enter(phase, code) {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#commands.push({ do: "phase", phase, code });
  }
}

/** When to do what, in milliseconds. */
function nothing() {
  return { attempt: Infinity, silence: Infinity, hidden: Infinity, upgrade: Infinity, trial: Infinity };
}
