/** @import { Entry } from "../core/messages.js" */
/** @import { Position } from "../core/position.js" */
import { parsePosition } from "../core/position.js";
import { State } from "../core/state.js";

/**
 * Return the state that the server's markup shows. Its entries have only ids and positions, which decide where later
 * entries go; their bodies stay in the document.
 *
 * @param {HTMLElement} container the element that the server has made
 */
export function hydrate(container) {
  const articles = /** @type {HTMLElement[]} */ ([...container.querySelectorAll("article[data-published]")]);
  const { cursor, lang, before, ended } = container.dataset;
  const view = `view=html&lang=${lang}`;
  const older = container.querySelector("a[rel=next]")?.getAttribute("href");
  const newest = before && articles[0] && positionOfArticle(articles[0]).join("_");
  return new State({
    cursor,
    entries: articles.map((article) => entryOf(article, parseInt(cursor ?? "0"))),
    // Keep only the path: the server may know itself under another host name
    older: older?.replace(/.*(\/blogs\/.*)\?(.*)/, `$1/entries?$2&${view}`),
    newer: newest && `${container.getAttribute("src")}/entries?after=${newest}&${view}`,
    before: parsePosition(before),
    head: before && ended ? [ended, "~"] : null,
  });
}

/**
 * Return the entry that an article shows.
 *
 * @param {HTMLElement} article
 * @param {number} seq of the page's cursor: any later change of the entry has a higher one
 * @returns {Entry}
 */
function entryOf(article, seq) {
  const [publishedAt, id] = positionOfArticle(article);
  const status = article.classList.contains("retracted") ? "retracted" : "published";
  return { id, seq, version: 0, status, published_at: publishedAt, key: article.classList.contains("key") };
}

/**
 * Return the position of the entry that an article shows.
 *
 * @param {HTMLElement} article
 * @returns {Position}
 */
export function positionOfArticle(article) {
  return [article.dataset.published ?? "", article.id.replace("entry-", "")];
}
