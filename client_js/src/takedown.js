/** @import { LiveBlogElement } from "./element.js" */
const HEAD = 'script[type="application/ld+json"], meta[name="description"], meta[property^="og:"]';

/**
 * After a retraction, remove the old body from the head of the page and from the offline copies: nothing on this device
 * may show it.
 *
 * @param {LiveBlogElement} container
 */
export function watchRetractions(container) {
  const count = () => container.querySelectorAll("article.retracted").length;
  let before = count();
  container.addEventListener("change", () => {
    const retracted = count();
    if (retracted > before) {
      for (const element of document.head.querySelectorAll(HEAD)) element.remove();
      // Without a worker there are no copies
      void navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage({ forget: location.pathname }));
    }
    before = retracted;
  });
}
