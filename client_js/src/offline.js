/** The shortest time between two copies of a page that keeps changing. */
const COPY_MILLISECONDS = 60_000;

/**
 * Register the service worker that keeps this page readable without a network (`worker/sw.js`).
 *
 * @param {HTMLElement} container the element with `data-cursor`
 */
export function keepForOffline(container) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // browsers have it only on https and local pages
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
    // Wait at random: many readers may come online together, and the network may need a moment
    addEventListener("online", () => setTimeout(keep, 1_000 + Math.random() * 4_000));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && container.dataset.cursor !== kept && Date.now() > keptAt + COPY_MILLISECONDS) void keep();
    });
    const { controller } = serviceWorker;
    await serviceWorker.register(/** @type {string} */ (workerAddress()), { scope: "/blogs/" });
    if (!controller) await keep(); // the worker did not see this page load
  };
  // Start when the page is loaded. If the browser refuses (no storage, private mode), there is no copy
  addEventListener("load", () => start().catch(() => {}), { once: true });
}

/** Return the worker's address in the type that `register` requires where Trusted Types are enforced. */
function workerAddress() {
  // @ts-ignore: some browsers do not have it
  const policy = globalThis.trustedTypes?.createPolicy("stoppress-worker", {
    createScriptURL: (/** @type {string} */ url) => url,
  });
  return policy ? policy.createScriptURL("/blogs/sw.js") : "/blogs/sw.js";
}
