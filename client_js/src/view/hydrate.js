/** @import { Entry } from "../core/messages.js" */
/** @import { Place } from "../core/place.js" */
import { parsePlace } from "../core/place.js";
import { State } from "../core/state.js";

/**
 * The state that the server's markup shows. Of its entries it has what decides about what comes later: which they are
 * and where they stand; their bodies stay where they are, in the document.
 *
 * @param {HTMLElement} container the element that the server has made
 */
export function hydrate(container) {
  const articles = /** @type {HTMLElement[]} */ ([...container.querySelectorAll("article[data-published]")]);
  const { cursor, lang } = container.dataset;
  const older = container.querySelector("a[rel=next]")?.getAttribute("href");
  return new State({
    cursor,
    entries: articles.map((article) => entryOf(article, parseInt(cursor ?? "0"))),
    // By the way that the blog came: the server may know itself under another name
    older: older?.replace(/.*(\/blogs\/.*)\?(.*)/, `$1/entries?$2&view=html&lang=${lang}`),
    before: parsePlace(container.dataset.before), // entries from there upwards are on other pages
  });
}

/**
 * @param {HTMLElement} article
 * @param {number} seq of the page's cursor: what changed the entry came before, and what will comes after
 * @returns {Entry}
 */
function entryOf(article, seq) {
  const [publishedAt, id] = placeOfArticle(article);
  const status = article.classList.contains("retracted") ? "retracted" : "published";
  return { id, seq, version: 0, status, published_at: publishedAt };
}

/**
 * @param {HTMLElement} article
 * @returns {Place}
 */
export function placeOfArticle(article) {
  return [article.dataset.published ?? "", article.id.replace("entry-", "")];
}
