import { useEffect, useMemo, useSyncExternalStore } from "react";
import { LiveBlog } from "../../src/index.js";

/** @import { Entry, Header, Phase } from "../../src/index.js" */

/**
 * The part of a blog's state that a component shows. Each change makes a new object.
 *
 * @typedef {object} Shown
 * @property {Header | null} header
 * @property {Entry[]} entries newest first
 * @property {Phase} phase
 * @property {boolean} hasOlder
 */

/** @type {Shown} */
const NOTHING = { header: null, entries: [], phase: "connecting", hasOlder: false };

/**
 * Follow a blog while the component is on the page.
 *
 * @param {string} src its address
 * @returns {Shown & {loadOlder: () => Promise<boolean>}}
 */
export function useLiveBlog(src) {
  const store = useMemo(() => storeOf(new LiveBlog(src)), [src]);
  useEffect(() => {
    store.live.start();
    return () => store.live.stop();
  }, [store]);
  const shown = useSyncExternalStore(store.subscribe, store.shown, () => NOTHING);
  return { ...shown, loadOlder: store.loadOlder };
}

/** @param {LiveBlog} live */
function storeOf(live) {
  let shown = NOTHING;
  return {
    live,
    shown: () => shown,
    loadOlder: () => live.loadOlder(),
    /** @param {() => void} tell */
    subscribe(tell) {
      const changed = () => {
        const { header, entries, older } = live.state;
        shown = { header, entries, phase: live.phase, hasOlder: older !== null };
        tell();
      };
      live.addEventListener("change", changed);
      live.addEventListener("phase", changed);
      return () => {
        live.removeEventListener("change", changed);
        live.removeEventListener("phase", changed);
      };
    },
  };
}
