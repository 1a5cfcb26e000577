/** @import { Entry } from "../core/messages.js" */
/** @import { Place } from "../core/place.js" */
import { parsePlace } from "../core/place.js";
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
    // By the way that the blog came: the server may know itself under another name
    older: older?.replace(/.*(\/blogs\/.*)\?/, "$1/entries?"),
    before: parsePlace(container.dataset.before), // entries from there upwards are on other pages
  });
}

/**
 * @param {HTMLElement} article
 * @returns {Entry}
 */
function entryOf(article) {
  const [publishedAt, id] = placeOfArticle(article);
  const { seq, version } = article.dataset;
  const status = article.classList.contains("retracted") ? "retracted" : "published";
  return { id, seq: Number(seq), version: Number(version), status, published_at: publishedAt };
}

/**
 * @param {HTMLElement} article
 * @returns {Place}
 */
export function placeOfArticle(article) {
  return [article.dataset.published ?? "", article.id.replace("entry-", "")];
}
