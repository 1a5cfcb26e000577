/** @import { Sharing } from "../core/bare-live-blog.js" */
/** @import { Event } from "../core/events.js" */
/** @import { World } from "./transport.js" */
import { poll } from "./changes.js";

/**
 * The tabs of one origin that follow the same blog: the one that holds a lock has the connection and passes on what it
 * hears; the others ask once over HTTP for what they lack, then they listen.
 *
 * @param {URL} blog
 * @param {World} world
 * @param {(event: Event) => void} tell
 * @returns {Sharing | null} null if the browser has nothing for it here
 */
export function tabs(blog, world, tell) {
  const { locks, BroadcastChannel } = world;
  if (!locks || !BroadcastChannel) return null;
  const name = `stoppress.v1 ${blog.origin}${blog.pathname}${blog.search}`;
  /** Where a leading tab passes on what it hears. @type {BroadcastChannel | null} */
  let audience = null;
  /** Whether another tab leads; null before that was asked. @type {Promise<boolean> | null} */
  let following = null;
  let leaving = new AbortController();
  /** Where messages go while this tab listens. @type {((message: any) => void) | null} */
  let sink = null;

  /** @returns {Promise<boolean>} */
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
        audience = channel;
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
        // else this tab leads, which was told
      })().catch(() => signal.aborted || on.closed(1006)); // the browser does not allow locks here
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
      // A reset is for whom it was sent to: the others may be at another cursor, and have older pages
      const reset = message.type === "update" && message.from === null;
      audience?.postMessage(reset ? { type: "reset", cursor: message.cursor } : message);
    },
    leave: () => {
      leaving.abort();
      leaving = new AbortController();
      audience = following = sink = null;
    },
  };
}
