/** @import { Event } from "../core/events.js" */
/** @import { Message } from "../core/messages.js" */
/** @import { Source, Transport, World } from "./transport.js" */
import { ask } from "./changes.js";

/** Messages that are kept while the first answer is on its way. What is lost of more is asked for again. */
const KEPT = 100;

/**
 * The tabs of one origin that follow the same blog: the one that holds a lock has the connection and passes on what it
 * hears; the others ask once over HTTP for what they lack, then they listen.
 */
export class Tabs {
  #name;
  #world;
  #tell;
  #leading = false;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #leaving = new AbortController();
  /** Whether another tab leads. @type {Promise<boolean> | null} */
  #following = null;
  /** Where messages go while this tab listens. @type {((message: any) => void) | null} */
  #sink = null;

  /**
   * @param {URL} blog
   * @param {World} world
   * @param {(event: Event) => void} tell
   */
  constructor(blog, world, tell) {
    this.#name = `stoppress.v1 ${blog.origin}${blog.pathname}`;
    this.#world = world;
    this.#tell = tell;
  }

  /** @type {Transport} */
  transport = (source, on) => {
    const aborter = new AbortController();
    const { signal } = aborter;
    /** @type {any[]} */
    const early = [];
    const sink = (this.#sink = (message) => early.push(message) > KEPT && early.shift());
    const listen = async () => {
      this.#following ??= this.#join();
      if (!(await this.#following)) return; // leading, which was told
      const code = await catchUp(source, on, signal);
      if (signal.aborted) return;
      if (code) return on.closed(code);
      while (early.length && !signal.aborted) on.message(early.shift());
      if (!signal.aborted) this.#sink = on.message;
    };
    listen().catch(() => signal.aborted || on.closed(1006)); // the browser does not allow locks here
    return () => {
      aborter.abort();
      if (this.#sink === sink || this.#sink === on.message) this.#sink = null;
    };
  };

  /** @param {any} message that was heard on a line of this tab's own */
  relay(message) {
    if (!this.#leading || !message || message.type === "retry") return;
    // A reset is for whom it was sent to: the others may be at another cursor, and have older pages
    const reset = message.type === "update" && message.from === null;
    this.#channel?.postMessage(reset ? { type: "reset", cursor: message.cursor } : message);
  }

  /** Let another tab lead. */
  leave() {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#channel?.close();
    this.#channel = this.#following = this.#sink = null;
    this.#leading = false;
  }

  async #join() {
    const { locks, BroadcastChannel } = this.#world;
    if (!locks) throw new Error("no locks here");
    const { signal } = this.#leaving;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#relayed(data);
    /** @type {(free: boolean) => void} */
    let told;
    const following = new Promise((resolve) => (told = resolve));
    const lead = (/** @type {Lock | null} */ lock) => {
      told(lock === null);
      if (!lock || signal.aborted) return;
      this.#leading = true;
      this.#tell({ type: "lead" });
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    };
    const held = locks.request(this.#name, { ifAvailable: true }, lead);
    if (!(await Promise.race([following, held.then(() => true)]))) return false;
    locks.request(this.#name, { signal }, lead).catch(() => {}); // aborted: we have left
    return true;
  }

  /** @param {any} message */
  #relayed(message) {
    if (this.#leading) return;
    if (this.#sink) this.#sink(message);
    else if (message?.type !== "lost") this.#tell({ type: "relayed" });
  }
}

/**
 * @param {Source} source
 * @param {{message: (message: Message | null) => void}} on
 * @param {AbortSignal} signal
 * @returns {Promise<number>} the code to close with, 0 for none
 */
async function catchUp(source, on, signal) {
  for (let { cursor } = source; ; ) {
    const { update, code } = await ask({ ...source, cursor }, 0, signal);
    if (!update) return code;
    if (!signal.aborted) on.message(update);
    if (signal.aborted || !update.more) return 0;
    ({ cursor } = update);
  }
}
