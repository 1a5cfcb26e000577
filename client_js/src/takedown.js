const HEAD = 'script[type="application/ld+json"], meta[name="description"], meta[property^="og:"]';

/**
 * After a retraction, remove the old body from the head of the page and from the offline copies: nothing on this device
 * may show it.
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

/** Count the retracted entries. @param {HTMLElement} container */
function count(container) {
  return container.querySelectorAll("article.retracted").length;
}
