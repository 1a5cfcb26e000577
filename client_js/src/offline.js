/** Registers the service worker that keeps this page readable without a network (`worker/sw.js`). */

const AGAIN = 60_000; // milliseconds between two copies of a page that goes on changing

/** @param {HTMLElement} container the element with `data-cursor` */
export function keepForOffline(container) {
  if (!("serviceWorker" in navigator)) return; // also where the page is neither https nor local
  const offline = new Offline(container);
  // When everything else is done. A browser that refuses (no storage, private mode) has no copy, that is all.
  addEventListener("load", () => offline.start().catch(() => {}), { once: true });
}

class Offline {
  #container;
  #kept = "";
  #keptAt = -Infinity;

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#container = container;
    this.#kept = this.#cursor;
  }

  async start() {
    // Not all at once who have come back at once, and not before the network works
    addEventListener("online", () => setTimeout(() => this.#keep(), 1_000 + Math.random() * 4_000));
    document.addEventListener("visibilitychange", () => document.hidden && this.#keepIfChanged());
    const controlled = navigator.serviceWorker.controller;
    await navigator.serviceWorker.register(/** @type {string} */ (workerAddress()), { scope: "/blogs/" });
    if (!controlled) await this.#keep(); // it was loaded before the worker was there
  }

  get #cursor() {
    return this.#container.dataset.cursor ?? "";
  }

  #keepIfChanged() {
    if (this.#cursor !== this.#kept && Date.now() > this.#keptAt + AGAIN) this.#keep();
  }

  async #keep() {
    this.#kept = this.#cursor;
    this.#keptAt = Date.now();
    const registration = await navigator.serviceWorker.ready;
    const files = performance.getEntriesByType("resource").map(({ name }) => name);
    registration.active?.postMessage({ keep: [address(), ...new Set(files)] });
  }
}

function address() {
  return location.href.replace(/#.*/, "");
}

/** What `register` takes where Trusted Types are enforced. */
function workerAddress() {
  // @ts-ignore: not in every browser
  const policy = globalThis.trustedTypes?.createPolicy("stoppress-worker", {
    createScriptURL: (/** @type {string} */ url) => url,
  });
  return policy ? policy.createScriptURL("/blogs/sw.js") : "/blogs/sw.js";
}
