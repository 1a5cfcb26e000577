// Keeps the pages that a reader has visited readable without a network. Served as /blogs/sw.js: it rules over /blogs/.
//
// Pages come from the network whenever there is one; what is kept is only for when there is none. Nothing else is
// touched: no streams, no JSON, no feeds, no answers of editors.

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

const PAGES = "stoppress-pages-1";
const FILES = "stoppress-files-1";
const MOST = { [PAGES]: 20, [FILES]: 60 };

/** What makes an address one of a page: a blog, perhaps with `before`, or an entry. */
const PAGE = /^\/blogs\/[\w-]+(\/entries\/[0-9a-f-]{36})?$/;
const FILE = /^\/(client|static)\//;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(begin()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && PAGE.test(address.pathname)) event.respondWith(page(event));
  else if (FILE.test(address.pathname)) event.respondWith(file(event));
});

// A page says what it is made of, as it was loaded before this worker was there, and when something was retracted.
worker.addEventListener("message", (event) => {
  const { keep: urls, forget: path } = event.data ?? {};
  if (Array.isArray(urls)) event.waitUntil(keep(urls.slice(0, MOST[FILES]).map(String)));
  if (typeof path === "string") event.waitUntil(forget(path));
});

async function begin() {
  for (const name of await caches.keys()) {
    if (name.startsWith("stoppress-") && !(name in MOST)) await caches.delete(name);
  }
  await worker.clients.claim();
}

/** @param {FetchEvent} event */
async function page(event) {
  const { request } = event;
  try {
    const answer = await fetch(request);
    event.waitUntil(replace(request.url, answer.clone()));
    return answer;
  } catch (error) {
    const copy = await find(PAGES, request.url);
    if (!copy) throw error;
    return marked(copy);
  }
}

/** @param {FetchEvent} event */
async function file(event) {
  const { request } = event;
  try {
    const answer = await fetch(request);
    if (answer.ok) event.waitUntil(put(FILES, request.url, answer.clone()));
    return answer;
  } catch (error) {
    const copy = await find(FILES, request.url);
    if (!copy) throw error;
    return copy;
  }
}

/**
 * @param {string} name
 * @param {string} url
 */
async function find(name, url) {
  return (await caches.open(name)).match(url, { ignoreVary: true });
}

/**
 * Keep a page in place of its last copy; forget that if the page is gone. Another answer says nothing about it.
 *
 * @param {string} url
 * @param {Response} answer
 */
async function replace(url, answer) {
  if (answer.status === 404 || answer.status === 410) await (await caches.open(PAGES)).delete(url, { ignoreVary: true });
  else if (answer.ok && answer.headers.get("content-type")?.startsWith("text/html")) {
    await put(PAGES, url, answer);
  }
}

/**
 * @param {typeof PAGES | typeof FILES} name
 * @param {string} url
 * @param {Response} answer
 */
async function put(name, url, answer) {
  const cache = await caches.open(name);
  await cache.delete(url, { ignoreVary: true }); // so that it stands at the end
  await cache.put(url, answer);
  const kept = await cache.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - MOST[name]))) await cache.delete(old);
}

/** @param {string[]} urls */
async function keep(urls) {
  // What fails is kept by the next visit
  await Promise.allSettled(urls.map((url) => keepOne(url)));
}

/**
 * All pages of a blog.
 *
 * @param {string} path of one of them
 */
async function forget(path) {
  const blog = path.split("/", 3).join("/");
  const cache = await caches.open(PAGES);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname === blog || pathname.startsWith(`${blog}/`)) await cache.delete(url, { ignoreVary: true });
  }
}

/** @param {string} url */
async function keepOne(url) {
  const { origin, pathname } = new URL(url);
  if (origin !== worker.location.origin) return;
  if (PAGE.test(pathname)) await replace(url, await fetch(url, { headers: { accept: "text/html" } }));
  else if (FILE.test(pathname)) await putIfGood(url);
}

/** @param {string} url */
async function putIfGood(url) {
  const answer = await fetch(url);
  if (answer.ok) await put(FILES, url, answer);
}

/**
 * A copy says that it is one, by `data-offline` on its root element.
 *
 * @param {Response} copy
 */
async function marked(copy) {
  const html = (await copy.text()).replace("<html ", "<html data-offline ");
  return new Response(html, { status: copy.status, headers: copy.headers });
}
