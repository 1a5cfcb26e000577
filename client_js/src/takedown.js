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
      // Without a worker there are no copies
      void navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage({ forget: location.pathname }));
    }
    before = retracted;
  }).observe(container, { attributeFilter: ["data-cursor"] });
}

/** @param {HTMLElement} container */
function count(container) {
  return container.querySelectorAll("article.retracted").length;
}
