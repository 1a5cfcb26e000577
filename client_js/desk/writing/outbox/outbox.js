/** @import { Api } from "../api.js" */
/** @import { Rest } from "../keeping/intentions.js" */
/** @import { Storage } from "../keeping/storage.js" */
/** @import { Draft, Intention, Outcome, Phase } from "../types.js" */
import { epochOf, keep, listIntentions, markTried, settle, take } from "../keeping/intentions.js";
import { OutboxMachine } from "./machine.js";

/**
 * The parts of the browser that the outbox uses.
 *
 * @typedef {object} World
 * @property {typeof fetch} fetch
 * @property {() => number} now Unix time in milliseconds
 * @property {() => number} random
 * @property {(run: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {LockManager} [locks]
 * @property {{new (name: string): BroadcastChannel}} [BroadcastChannel]
 */

/**
 * @typedef {{phase: Phase, retryAt: number | null, detail: string}} OutboxState
 * @typedef {OutboxState & {items: Intention[], isLasting: boolean}} OutboxDetail of the event `outbox`
 * @typedef {{intention: Intention, outcome: Outcome}} SettledDetail of the event `settled`
 */

/**
 * Sends the intentions of one person, from whichever of its tabs holds a lock, and carries out the commands of an
 * `OutboxMachine`. Events: `outbox` when something has changed, `settled` when the server has answered an intention of
 * any tab.
 */
export class Outbox extends EventTarget {
  #storage;
  #api;
  #world;
  #machine;
  /** @type {BroadcastChannel | undefined} */
  #channel;
  /** @type {any} */
  #timer = null;
  #leads = false;
  /** Intentions that the browser could not keep, and those that have been settled without it. @type {Intention[]} */
  #unkept = [];
  /** @type {Set<string>} */
  #done = new Set();
  /** @type {Intention[]} */
  #items = [];
  /** @type {OutboxState} */
  #state = { phase: "idle", retryAt: null, detail: "" };
  /** Those who wait for an answer, by key. @type {Map<string, (outcome: Outcome) => void>} */
  #waiting = new Map();
  #leaving = new AbortController();

  /**
   * @param {Storage} storage
   * @param {Api} api whose person is known
   * @param {World} world
   */
  constructor(storage, api, world) {
    super();
    this.#storage = storage;
    this.#api = api;
    this.#world = world;
    this.#machine = new OutboxMachine(
      {
        send: (intention) => void this.#send(intention),
        settle: (intention, outcome) => void this.#settle(intention, outcome),
        check: () => void this.check(),
        wait: (milliseconds) => this.#wait(milliseconds),
        show: (phase, retryAt, detail) => this.#leads && this.#show({ phase, retryAt, detail }),
      },
      world.random,
    );
  }

  /** Begin to send. @returns {Promise<void>} when what is kept has been read */
  async start() {
    const name = `stoppress-outbox ${this.#api.person}`;
    const { BroadcastChannel, locks } = this.#world;
    this.#channel = BroadcastChannel && new BroadcastChannel(name);
    if (this.#channel) this.#channel.onmessage = ({ data }) => void this.#hear(data);
    this.#tell({ type: "session", who: "same", token: this.#api.token });
    await this.#reload();
    this.#post({ type: "hello" });
    if (!locks) return this.#lead(); // only pages without HTTPS lack them
    const { signal } = this.#leaving;
    const lead = () => {
      void this.#lead();
      return new Promise((free) => signal.addEventListener("abort", free));
    };
    locks.request(name, { signal }, lead).catch(() => (signal.aborted ? undefined : this.#lead()));
  }

  /** Let another tab send. */
  stop() {
    this.#leaving.abort();
    this.#world.clearTimeout(this.#timer);
    this.#channel?.close();
  }

  /** What is in the outbox, in order. */
  get items() {
    return this.#items;
  }

  /** @returns {OutboxDetail} */
  get detail() {
    return { ...this.#state, items: this.#items, isLasting: this.#storage.isLasting };
  }

  /**
   * Keep an intention, and send it as soon as possible.
   *
   * @param {Intention} intention
   * @param {Rest} [rest]
   * @returns {Promise<{isKept: boolean, isNeeded: boolean}>} whether the browser could keep it, and whether there was anything to send
   * @throws {import("../keeping/intentions.js").TakenOver | import("../keeping/intentions.js").OutboxFull}
   */
  async add(intention, rest = {}) {
    // So that it need not be written again before it is sent
    if (this.#machine.isFree) intention = { ...intention, tried: this.#world.now() };
    let isKept = this.#storage.isLasting;
    let isNeeded = true;
    try {
      isNeeded = (await keep(this.#storage, intention, rest)) !== null;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.#unkept.push(intention);
      isKept = false;
    }
    await this.#reload();
    this.#post({ type: "changed" });
    return { isKept, isNeeded };
  }

  /**
   * Return the outcome of an intention once the server has answered.
   *
   * @param {string} key
   * @returns {Promise<Outcome>}
   */
  outcome(key) {
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }

  /**
   * Take an intention out of the outbox, unless the server may have it.
   *
   * @param {string} key
   * @param {Draft | null} [draft] to keep with its words, in the same transaction
   * @returns {Promise<Intention | null>}
   */
  async take(key, draft = null) {
    const taken = await take(this.#storage, key, draft);
    await this.#reload();
    this.#post({ type: "changed" });
    return taken;
  }

  /** Try again now. */
  hurry() {
    if (this.#leads) this.#tell({ type: "hurry" });
    else this.#post({ type: "hurry" });
  }

  /** @param {boolean} isOnline */
  setOnline(isOnline) {
    this.#tell({ type: isOnline ? "online" : "offline" });
  }

  /** Ask whose session this is, for example after a sign-in in another tab. */
  async check() {
    const who = await this.#api.askWho();
    this.#tell({ type: "session", who, token: this.#api.token });
  }

  /** @param {import("../types.js").OutboxEvent} event */
  #tell(event) {
    this.#machine.handle(event, this.#world.now());
  }

  async #lead() {
    await this.#reload(); // the tab that has sent until now may have told nobody
    this.#leads = true;
    this.#tell({ type: "lead" });
  }

  async #reload() {
    try {
      const kept = await listIntentions(this.#storage);
      this.#items = [...kept, ...this.#unkept].filter((one) => !this.#done.has(one.key));
    } catch {
      // the next change reads again
    }
    this.#tell({ type: "queue", intentions: this.#items });
    this.#announce();
  }

  /** @param {Intention} intention */
  async #send(intention) {
    const { key } = intention;
    try {
      if (intention.tried === null && !(await this.#mark(intention))) return await this.#reload();
      this.#tell({ type: "answered", key, verdict: await this.#sendDraft(intention) });
    } catch {
      this.#tell({ type: "lost", key });
    }
  }

  /** @param {Intention} intention */
  async #sendDraft(intention) {
    const { draft } = intention;
    const takeOver = (/** @type {string} */ id) => this.#api.takeOver(id);
    const epoch = draft && (await epochOf(this.#storage, draft, takeOver));
    const verdict = await this.#api.send(intention, epoch);
    // The server forgets epochs after some days: then nobody has taken the draft over
    const isForgotten = verdict.kind === "returned" && verdict.problem.draft && verdict.problem.epoch === null;
    return draft && isForgotten ? this.#api.send(intention, await takeOver(draft.id)) : verdict;
  }

  /** @param {Intention} intention @returns {Promise<boolean>} whether it is still to be sent */
  async #mark(intention) {
    if (intention.order === null) return true;
    try {
      return (await markTried(this.#storage, intention, this.#world.now())) !== null;
    } catch {
      return true; // the key is kept, which is what matters
    }
  }

  /**
   * @param {Intention} intention
   * @param {Outcome} outcome
   */
  async #settle(intention, outcome) {
    try {
      if (intention.order !== null) await settle(this.#storage, intention, outcome);
    } catch {
      if (outcome.kind === "done") this.#done.add(intention.key); // the same key finds the same answer after a restart
    }
    this.#settleUnkept(intention, outcome);
    this.#finish({ intention, outcome });
    this.#post({ type: "settled", intention, outcome });
    await this.#reload();
  }

  /**
   * @param {Intention} intention
   * @param {Outcome} outcome
   */
  #settleUnkept(intention, outcome) {
    const found = this.#unkept.find((one) => one.key === intention.key);
    this.#unkept = this.#unkept.filter((one) => one !== found);
    if (found && outcome.kind !== "done") {
      this.#unkept.push({ ...found, state: outcome.kind, problem: outcome.problem });
    }
  }

  /** @param {SettledDetail} detail */
  #finish(detail) {
    this.#waiting.get(detail.intention.key)?.(detail.outcome);
    this.#waiting.delete(detail.intention.key);
    this.dispatchEvent(new CustomEvent("settled", { detail }));
  }

  /** @param {any} message of another tab */
  async #hear(message) {
    if (message.type === "settled") this.#finish(message);
    else if (message.type === "state" && !this.#leads) this.#show(message.state);
    else if (message.type === "hurry" && this.#leads) this.hurry();
    else if (message.type === "hello" && this.#leads) this.#post({ type: "state", state: this.#state });
    if (message.type === "changed" || message.type === "settled") await this.#reload();
  }

  /** @param {OutboxState} state */
  #show(state) {
    const { phase, retryAt, detail } = this.#state;
    if (state.phase === phase && state.retryAt === retryAt && state.detail === detail) return;
    this.#state = state;
    if (this.#leads) this.#post({ type: "state", state });
    this.#announce();
  }

  /** Tell the other tabs. @param {any} message */
  #post(message) {
    if (!this.#leaving.signal.aborted) this.#channel?.postMessage(message);
  }

  #announce() {
    this.dispatchEvent(new CustomEvent("outbox", { detail: this.detail }));
  }

  /** @param {number} milliseconds */
  #wait(milliseconds) {
    const { setTimeout, clearTimeout } = this.#world;
    clearTimeout(this.#timer);
    if (milliseconds < Infinity) this.#timer = setTimeout(() => this.#tell({ type: "timer" }), Math.max(0, milliseconds));
  }
}
