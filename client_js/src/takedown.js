/** What has to follow on a retraction, beside the entry itself: nothing on this device may show the old body. */

const HEAD = 'script[type="application/ld+json"], meta[name="description"], meta[property^="og:"]';

/**
 * Take the old body also out of the head of the page, and out of the copies that are kept for offline.
 *
 * @param {HTMLElement} container the element with `data-cursor`
 */
export function watchRetractions(container) {
  let before = count(container);
  new MutationObserver(() => {
    const retracted = count(container);
    if (retracted > before) {
      for (const element of document.head.querySelectorAll(HEAD)) element.remove();
      // No cache, no copies: it is not there where the page is neither https nor local
      if ("caches" in globalThis) forgetCopies().catch(() => {});
    }
    before = retracted;
  }).observe(container, { attributeFilter: ["data-cursor"] });
}

/** @param {HTMLElement} container */
function count(container) {
  return container.querySelectorAll("article.retracted").length;
}

/** Of all pages of this blog. */
async function forgetCopies() {
  const blog = location.pathname.split("/", 3).join("/");
  const cache = await caches.open("stoppress-pages-1");
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname === blog || pathname.startsWith(`${blog}/`)) await cache.delete(url, { ignoreVary: true });
  }
}
