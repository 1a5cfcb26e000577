/** @import { Entry } from "../core/messages.js" */
/** @import { Place } from "../core/place.js" */
import { justAfter, parsePlace } from "../core/place.js";
import { State } from "../core/state.js";

/**
 * The state that the server's markup shows. Of its entries it has what decides about what comes later: who they are,
 * where they stand, and how new they are; their bodies stay where they are, in the document.
 *
 * @param {HTMLElement} container the element that the server has made
 */
export function hydrate(container) {
  const articles = /** @type {HTMLElement[]} */ ([...container.querySelectorAll("article[data-seq]")]);
  const older = container.querySelector("a[rel=next]")?.getAttribute("href");
  return new State({
    cursor: container.dataset.cursor,
    entries: articles.map(entryOf),
    older: older?.replace("?", "/entries?"),
    before: "newest" in container.dataset ? null : upperEnd(articles[0]),
  });
}

/**
 * @param {HTMLElement} article
 * @returns {Entry}
 */
function entryOf(article) {
  const [publishedAt, id] = placeOfArticle(article);
  return {
    id,
    seq: Number(article.dataset.seq),
    version: Number(article.dataset.version),
    status: article.classList.contains("retracted") ? "retracted" : "published",
    published_at: publishedAt,
  };
}

/**
 * @param {HTMLElement} article
 * @returns {Place}
 */
export function placeOfArticle(article) {
  return [article.dataset.published ?? "", article.id.replace("entry-", "")];
}

/**
 * Where a page that is not the newest ends: at the place in its address, or, if it is the page at an entry, with that.
 *
 * @param {HTMLElement | undefined} first
 */
function upperEnd(first) {
  return parsePlace(new URLSearchParams(location.search).get("before")) ?? (first ? justAfter(placeOfArticle(first)) : null);
}
