/** @import { Commands, Event, Phase } from "./events.js" */
/** @import { Beat, Retry, Update } from "./messages.js" */
/** @import { State } from "./state.js" */
import { backoff } from "./backoff.js";
import { isSane } from "./sane.js";

/** After this silence a connection counts as lost: it has missed two beats. */
const SILENCE_MILLISECONDS = 45_000;
/** Deadline of the first message of a new connection. */
const FIRST_MESSAGE_MILLISECONDS = 10_000;
/** A page that is hidden for this long closes its connection until it is visible again. */
const HIDDEN_MILLISECONDS = 180_000;
/** After a fallback, the machine tries the first transport again after this time to twice this time. */
const TRIAL_MILLISECONDS = 150_000;
/** The longest wait that a server may ask for. */
export const MAX_RETRY_MILLISECONDS = 3_600_000;
/** The longest time without a look at the clock. If an event is later than that by `SLEPT`, the computer was asleep. */
const TICK_MILLISECONDS = 10_000;
const SLEPT_MILLISECONDS = 5_000;

/** A token that has ended is renewed after a random part of this time: those of many readers may end together. */
const RENEWAL_MILLISECONDS = 1_000;
/** Deadline of the page's answer when it is asked for a token. */
const TOKEN_MILLISECONDS = 30_000;

const MALFORMED_CURSOR = 4400;
const TOKEN_NEEDED = 4401;

/**
 * Decides, without I/O, how to stay connected to one blog: events go in, commands come out. It keeps one connection at
 * a time, over one transport.
 */
export class Machine {
  #state;
  #commands;
  #random;
  #count;
  /** The rank of the first transport that is this tab's own. */
  #own;
  /** @type {Phase} */
  phase = "stopped";
  /** Whether to connect: not after a stop or refusal, nor while the page is away. */
  #active = false;
  #rank = 0;
  /** How many connections there were; the id of each is its number. */
  #connectionCount = 0;
  /** @type {number | null} */
  #connection = null;
  /** Whether the connection only tests if HTTP works. */
  #probing = false;
  /** Whether the transport of the connection has not delivered a message yet. */
  #doubtful = false;
  /** A connection over the first transport, while one over a later transport goes on. @type {number | null} */
  #trial = null;
  #leading = false;
  /** Attempts in a row without a usable answer. */
  #failures = 0;
  /** Gaps in a row without progress: ask at once after the first one, back off after more. */
  #gaps = 0;
  /** @type {Retry | null} */
  #retry = null;
  /** Whether a new token is needed. After it is there, it is not asked for again until a message has come with it.
   * @type {"no" | "due" | "asked" | "done"} */
  #renewal = "no";
  #now = 0;
  /** Time of the next timer event. */
  #expected = Infinity;
  /** Deadline of the connection's next message; without a connection, time of the next attempt. */
  #connectionDue = Infinity;
  /** Time to close the connection of a hidden page. */
  #hiddenDue = Infinity;
  /** Time to begin a trial, or to end the current one. */
  #trialDue = Infinity;

  /**
   * @param {State} state that messages are applied to
   * @param {Commands} commands
   * @param {number} count of transports, the preferred one first and plain HTTP last
   * @param {boolean} shared whether the first transport is the connection of another tab
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
   * Handle an event, and set the timer for the next deadline.
   *
   * @param {Event} event
   * @param {number} now in milliseconds, by a clock that goes on while the computer is asleep
   */
  handle(event, now) {
    const slept = now > this.#expected + SLEPT_MILLISECONDS || now < this.#now - SLEPT_MILLISECONDS;
    this.#now = now;
    if (this.#active) this.#meetDeadlines(slept);
    this.#dispatch(event);
    this.#expected = this.#active
      ? Math.min(this.#connectionDue, this.#hiddenDue, this.#trialDue, now + TICK_MILLISECONDS)
      : Infinity;
    this.#commands.wait(this.#expected - now);
  }

  /** @param {Event} event */
  #dispatch(event) {
    switch (event.type) {
      case "start":
        if (this.phase !== "stopped") return;
        this.#rank = this.#failures = this.#gaps = 0;
        this.#hiddenDue = Infinity;
        this.#retry = null;
        this.#renewal = "no";
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
        return this.#receive(event.id, event.message);
      case "closed":
        return this.#handleClose(event.id, event.code);
      case "hurry":
        return this.#comeBack();
      case "online":
        this.#rank = Math.min(this.#rank, this.#own);
        this.#failures = 0;
        return this.#connect();
      case "offline":
        return this.#retryLater();
      case "leave":
        return this.#end("reconnecting");
      case "lead":
        this.#leading = true;
        if (this.#rank < this.#own) this.#fallBack();
        return;
      case "renewed":
        return this.#takeRenewal(event.done);
      case "relayed":
        if (this.#leading) return;
        this.#rank = 0;
        return this.#connect();
    }
  }

  /**
   * Act on the deadlines that have passed.
   *
   * @param {boolean} slept whether the computer was asleep: the connection may then be dead without any sign of it
   */
  #meetDeadlines(slept) {
    if (this.#hiddenDue <= this.#now || (slept && this.#hiddenDue < Infinity)) return this.#end("reconnecting");
    if (slept) {
      this.#postponeTrial();
      this.#connect();
    }
    if (this.#renewal === "asked" && this.#connectionDue <= this.#now) this.#takeRenewal(false);
    if (this.#connectionDue <= this.#now) this.#connection === null ? this.#connect() : this.#handleFailure();
    if (this.#trialDue <= this.#now) this.#try();
  }

  #comeBack() {
    if (this.phase === "stopped" || this.phase === "refused") return;
    if (!this.#active) this.#postponeTrial();
    this.#active = true;
    if (this.#connection === null) this.#connect();
  }

  /**
   * Close everything and leave the other tabs, for good or until the page comes back.
   *
   * @param {Phase} phase
   * @param {number} [code]
   */
  #end(phase, code) {
    this.#drop();
    this.#active = this.#leading = false;
    if (this.#own) this.#rank = 0;
    if (this.#renewal === "asked") this.#renewal = "due";
    this.#commands.leave();
    this.#enter(phase, code);
  }

  /** Open a connection over the current transport, or over the last one to test whether HTTP works. */
  #connect(probing = false) {
    if (this.#renewal === "asked") return;
    this.#drop();
    if (this.#renewal === "due") return this.#renew();
    this.#probing = probing;
    this.#doubtful = !probing;
    this.#connection = this.#open(probing ? this.#count - 1 : this.#rank);
    this.#connectionDue = this.#now + FIRST_MESSAGE_MILLISECONDS;
  }

  /** Ask the page for a token. */
  #renew() {
    this.#renewal = "asked";
    this.#connectionDue = this.#now + TOKEN_MILLISECONDS;
    this.#commands.renew?.();
  }

  /** @param {boolean} done whether the page has given a token, or says that it has none */
  #takeRenewal(done) {
    if (this.#renewal !== "asked") return;
    this.#renewal = done ? "done" : "due";
    if (done) this.#connect();
    else this.#retryLater();
  }

  /** @param {number} rank */
  #open(rank) {
    this.#connectionCount += 1;
    this.#commands.connect(this.#connectionCount, rank, this.#state.cursor);
    return this.#connectionCount;
  }

  /** Close all connections, or all except one. @param {number | null} [id] of the connection to keep */
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
  #receive(id, message) {
    // A server may reject a trial with a `retry`, which has no cursor
    if (id === this.#trial && message?.cursor) {
      this.#drop(id);
      this.#probing = false;
      this.#rank = this.#own;
    }
    if (id !== this.#connection) return;
    this.#connectionDue = this.#now + SILENCE_MILLISECONDS;
    if (!isSane(message)) return this.#handleFailure();
    this.#commands.heard(message);
    if (message.type === "retry") this.#retry = message;
    else if (message.type === "update" || message.type === "beat") this.#apply(message);
    else if (message.type === "lost") this.#enter("reconnecting");
    else if (message.type === "reset" && message.cursor !== this.#state.cursor) this.#ask();
    // Ignore other types: they come from later versions of the protocol
  }

  /** @param {Update | Beat} message */
  #apply(message) {
    const before = this.#state.cursor;
    const outcome = this.#state.apply(message);
    if (outcome.kind === "gap") return this.#ask();
    if (message.type === "beat" || this.#state.cursor !== before) this.#gaps = 0;
    if (outcome.kind === "applied") this.#commands.applied(outcome);
    if (this.#probing) return this.#fallBack();
    this.#doubtful = false;
    this.#failures = 0;
    this.#retry = null;
    this.#renewal = "no";
    if (outcome.kind !== "waiting") this.#enter("live");
  }

  /** Ask for what is missing: a new connection begins with what differs from the state's cursor. */
  #ask() {
    this.#gaps += 1;
    if (this.#gaps === 1) this.#connect();
    else this.#handleFailure();
  }

  /**
   * @param {number} id of the connection
   * @param {number} code
   */
  #handleClose(id, code) {
    if (id === this.#trial) this.#postponeTrial();
    if (id !== this.#connection) return;
    if (code === MALFORMED_CURSOR && this.#state.cursor !== null) {
      this.#state.cursor = null;
      this.#connect();
    } else if (code === TOKEN_NEEDED && this.#commands.renew && this.#renewal === "no") {
      this.#drop();
      this.#enter("reconnecting");
      this.#renewal = "due";
      this.#connectionDue = this.#now + this.#random() * RENEWAL_MILLISECONDS;
    } else if (code >= 4400 && code < 4500) {
      this.#end("refused", code);
    } else {
      this.#handleFailure();
    }
  }

  /**
   * Handle a failed connection. The network may block its transport if it never delivered a message, and the page has
   * just loaded or this is the third failure. Then ask over HTTP: if that fails, the server is down.
   */
  #handleFailure() {
    if (this.#rank < this.#own) return this.#fallBack();
    const isSuspect = this.#failures > 1 || this.phase === "connecting";
    const hasFallback = this.#rank < this.#count - 1 && this.#retry === null;
    if (hasFallback && isSuspect && this.#doubtful) this.#connect(true);
    else this.#retryLater();
  }

  /** Continue with the next transport. */
  #fallBack() {
    this.#rank += 1;
    this.#postponeTrial();
    this.#connect();
  }

  /** End the trial, and plan the next one in some minutes. */
  #postponeTrial() {
    this.#commands.keep(this.#connection);
    this.#trial = null;
    this.#trialDue = this.#now + TRIAL_MILLISECONDS * (1 + this.#random());
  }

  /** Try the first transport again while the current connection goes on, or end such a trial. */
  #try() {
    const isDue = this.#rank > this.#own && this.#trial === null;
    this.#postponeTrial();
    if (!isDue) return;
    if (this.#connection === null) {
      this.#rank = this.#own;
    } else {
      this.#trial = this.#open(this.#own);
      this.#trialDue = this.#now + FIRST_MESSAGE_MILLISECONDS;
    }
  }

  /** Drop the connection, and plan the next attempt. */
  #retryLater() {
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
    // A client that has never connected cannot reconnect
    if (phase === this.phase || (phase === "reconnecting" && this.phase === "connecting")) return;
    this.phase = phase;
    this.#commands.phase(phase, code);
  }
}
