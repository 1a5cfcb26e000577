/** @import { Sharing } from "../core/bare-live-blog.js" */
/** @import { Event } from "../core/events.js" */
/** @import { World } from "./transport.js" */
import { poll } from "./changes.js";

/**
 * Share one connection among the tabs of one origin that follow the same blog. The tab that holds a lock has the
 * connection and passes on its messages. The other tabs ask once over HTTP for what they lack, and then listen.
 *
 * @param {URL} blog
 * @param {World} world
 * @param {(event: Event) => void} tell
 * @returns {Sharing | null} null if the browser has no locks or channels here
 */
export function tabs(blog, world, tell) {
  const { locks, BroadcastChannel } = world;
  if (!locks || !BroadcastChannel) return null;
  const name = `stoppress.v1 ${blog.origin}${blog.pathname}${blog.search}`;
  /** The channel to the other tabs if this one leads. @type {BroadcastChannel | null} */
  let outbox = null;
  /** Whether another tab leads; null before `join`. @type {Promise<boolean> | null} */
  let following = null;
  let leaving = new AbortController();
  /** Receives messages while this tab listens. @type {((message: any) => void) | null} */
  let sink = null;

  /** Ask for the lock; resolve to whether another tab has it. @returns {Promise<boolean>} */
  const join = () => {
    const { signal } = leaving;
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => {
      if (sink) sink(data);
      else if (data?.type !== "lost") tell({ type: "relayed" });
    };
    signal.addEventListener("abort", () => channel.close());
    return new Promise((resolve, reject) => {
      /** @param {Lock | null} lock @returns {Promise<any> | undefined} */
      const lead = (lock) => {
        resolve(!lock);
        if (!lock) return locks.request(name, { signal }, lead); // until it is this tab's turn
        if (signal.aborted) return;
        outbox = channel;
        tell({ type: "lead" });
        return new Promise((free) => signal.addEventListener("abort", free));
      };
      locks.request(name, { ifAvailable: true }, lead).catch(reject);
    });
  };

  return {
    transport: (source, on) => {
      const aborter = new AbortController();
      const { signal } = aborter;
      const ready = (async () => {
        if (await (following ??= join())) await poll(source, on, signal, true);
      })().catch(() => signal.aborted || on.closed(1006)); // the browser forbids locks here
      sink = async (message) => {
        await ready;
        if (!signal.aborted) on.message(message);
      };
      return () => {
        aborter.abort();
        sink = null;
      };
    },
    relay: (message) => {
      if (message.type === "retry") return;
      // Do not pass on the content of a reset: other tabs may have another cursor and older pages
      const reset = message.type === "update" && message.from === null;
      outbox?.postMessage(reset ? { type: "reset", cursor: message.cursor } : message);
    },
    leave: () => {
      leaving.abort();
      leaving = new AbortController();
      outbox = following = sink = null;
    },
  };
}
