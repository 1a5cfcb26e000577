// Keeps the pages that a reader has visited readable without a network. The server serves it as /blogs/sw.js, so it
// controls the pages below /blogs/.
//
// Pages come from the network; the copies are only for when the network fails. The worker leaves all other requests alone
// (streams, JSON, feeds, the API of editors).

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

const PAGES = "stoppress-pages-1";
const FILES = "stoppress-files-1";
const LIMITS = { [PAGES]: 20, [FILES]: 60 };

/** The path of a page: of a blog or an entry. */
const PAGE = /^\/blogs\/[\w-]+(\/entries\/[0-9a-f-]{36})?$/;
const FILE = /^\/(client|static)\//;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(begin()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && PAGE.test(address.pathname)) event.respondWith(respond(event, PAGES));
  else if (FILE.test(address.pathname)) event.respondWith(respond(event, FILES));
});

// A page sends the addresses to keep (those loaded before this worker was active) and its path after a retraction.
worker.addEventListener("message", (event) => {
  const { keep: urls, forget: path } = event.data ?? {};
  if (Array.isArray(urls)) event.waitUntil(keep(urls.slice(0, LIMITS[FILES]).map(String)));
  if (typeof path === "string") event.waitUntil(forget(path));
});

/** Delete the caches of other versions, and take control of the open pages. */
async function begin() {
  for (const name of await caches.keys()) {
    if (name.startsWith("stoppress-") && !(name in LIMITS)) await caches.delete(name);
  }
  await worker.clients.claim();
}

/**
 * Answer from the network and keep a copy, or answer with the last copy.
 *
 * @param {FetchEvent} event
 * @param {typeof PAGES | typeof FILES} name of the cache
 */
async function respond(event, name) {
  const { url } = event.request;
  try {
    const fresh = await fetch(event.request);
    event.waitUntil((name === PAGES ? keepPage : keepFile)(url, fresh.clone()));
    return fresh;
  } catch (error) {
    const copy = await (await caches.open(name)).match(url, { ignoreVary: true });
    if (!copy) throw error;
    return name === PAGES ? markCopy(copy) : copy;
  }
}

/**
 * Replace the last copy of a page. Delete it if the page is gone or not for everybody; keep it after any other error.
 *
 * @param {string} url
 * @param {Response} answer
 */
async function keepPage(url, answer) {
  const isPrivate = answer.headers.get("cache-control")?.includes("no-store");
  if (isPrivate || answer.status === 404 || answer.status === 410) {
    await (await caches.open(PAGES)).delete(url, { ignoreVary: true });
  } else if (answer.ok && answer.headers.get("content-type")?.startsWith("text/html")) {
    await put(PAGES, url, answer);
  }
}

/**
 * Replace the copy of a file, unless the answer is an error.
 *
 * @param {string} url
 * @param {Response} answer
 */
async function keepFile(url, answer) {
  if (answer.ok) await put(FILES, url, answer);
}

/**
 * Put an answer into a cache, and delete the oldest copies beyond the limit.
 *
 * @param {typeof PAGES | typeof FILES} name
 * @param {string} url
 * @param {Response} answer
 */
async function put(name, url, answer) {
  const cache = await caches.open(name);
  await cache.delete(url, { ignoreVary: true }); // the newest copy goes to the end
  await cache.put(url, answer);
  const kept = await cache.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - LIMITS[name]))) await cache.delete(old);
}

/** Load pages and files, and keep copies. @param {string[]} urls */
async function keep(urls) {
  // The next visit tries failed ones again
  await Promise.allSettled(urls.map((url) => keepOne(url)));
}

/**
 * Delete the copies of all pages of a blog.
 *
 * @param {string} path of one of the pages
 */
async function forget(path) {
  const blog = path.split("/", 3).join("/");
  const cache = await caches.open(PAGES);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname === blog || pathname.startsWith(`${blog}/`)) await cache.delete(url, { ignoreVary: true });
  }
}

/** Load a page or file, and keep a copy. @param {string} url */
async function keepOne(url) {
  const { origin, pathname } = new URL(url);
  if (origin !== worker.location.origin) return;
  if (PAGE.test(pathname)) await keepPage(url, await fetch(url, { headers: { accept: "text/html" } }));
  else if (FILE.test(pathname)) await keepFile(url, await fetch(url));
}

/**
 * Mark a copy of a page with `data-offline` on its root element.
 *
 * @param {Response} copy
 */
async function markCopy(copy) {
  const html = (await copy.text()).replace("<html ", "<html data-offline ");
  return new Response(html, { status: copy.status, headers: copy.headers });
}
