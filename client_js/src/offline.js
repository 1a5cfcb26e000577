/** Registers the service worker that keeps this page readable without a network (`worker/sw.js`). */

const AGAIN = 60_000; // milliseconds between two copies of a page that goes on changing

/** @param {HTMLElement} container the element with `data-cursor` */
export function keepForOffline(container) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // also where the page is neither https nor local
  let kept = container.dataset.cursor;
  let keptAt = -Infinity;
  const keep = async () => {
    kept = container.dataset.cursor;
    keptAt = Date.now();
    const { active } = await serviceWorker.ready;
    const files = performance.getEntriesByType("resource").map(({ name }) => name);
    active?.postMessage({ keep: [location.href.replace(/#.*/, ""), ...new Set(files)] });
  };
  const start = async () => {
    // Not all at once who have come back at once, and not before the network works
    addEventListener("online", () => setTimeout(keep, 1_000 + Math.random() * 4_000));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && container.dataset.cursor !== kept && Date.now() > keptAt + AGAIN) void keep();
    });
    const { controller } = serviceWorker;
    await serviceWorker.register(/** @type {string} */ (workerAddress()), { scope: "/blogs/" });
    if (!controller) await keep(); // it was loaded before the worker was there
  };
  // When everything else is done. A browser that refuses (no storage, private mode) has no copy, that is all.
  addEventListener("load", () => start().catch(() => {}), { once: true });
}

/** What `register` takes where Trusted Types are enforced. */
function workerAddress() {
  // @ts-ignore: not in every browser
  const policy = globalThis.trustedTypes?.createPolicy("stoppress-worker", {
    createScriptURL: (/** @type {string} */ url) => url,
  });
  return policy ? policy.createScriptURL("/blogs/sw.js") : "/blogs/sw.js";
}
