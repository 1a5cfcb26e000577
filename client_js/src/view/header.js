/** @import { Entry, Header } from "../core/messages.js" */
/** @import { Setting } from "./entry.js" */
import { element, link, timeElement } from "./elements.js";
import { byline, mediaElement, paragraph, tagList } from "./entry.js";

// What is around the entries: the same, node by node, as `templates/header.html` makes it.

/**
 * @param {Header} header
 * @param {Setting} setting
 */
export function titleElement({ headline, standfirst, authors, tags, image, status, coverage_start: start }, { texts }) {
  return element(
    "div",
    { class: "title" },
    element("h1", { part: "headline" }, headline),
    standfirst && element("p", { class: "standfirst", part: "standfirst" }, standfirst),
    status === "scheduled" && start && paragraph("coverage", texts.starts, timeElement(start)),
    authors?.length && byline(authors, texts),
    tags?.length && tagList(tags),
    image && mediaElement(image, texts),
  );
}

/**
 * A pointer to the pinned entry, with as much of it as is known.
 *
 * @param {Pick<Entry, "id"> & Partial<Entry>} entry
 * @param {string} address
 * @param {Setting} setting
 */
export function pinnedElement({ id, title, text, published_at: publishedAt }, address, { texts }) {
  return element(
    "aside",
    { class: "pinned", part: "pinned", "aria-label": texts.pinned_update, "data-entry": id },
    element(
      "p",
      { class: "meta" },
      element("span", { class: "badge pin" }, texts.pinned),
      publishedAt && timeElement(publishedAt),
    ),
    title && element("h2", {}, element("a", { href: address }, title)),
    text && element("p", { class: "text" }, text),
    !title && element("p", {}, element("a", { href: address }, texts.read_pinned)),
  );
}

/**
 * @param {Header} header
 * @param {Setting} setting
 */
export function relatedElement({ related }, { texts }) {
  if (!related?.length) return null;
  const items = related.map(({ title, url }) => element("li", {}, link(url, title)));
  return element(
    "aside",
    { class: "related", part: "related" },
    element("h2", {}, texts.related),
    element("ul", {}, ...items),
  );
}

/**
 * The ways to the other pages of the blog.
 *
 * @param {string | null} older the address of the page before the last entry here
 * @param {boolean} newest whether this is the newest page
 * @param {Setting} setting
 */
export function pagesElement(older, newest, { blog, texts }) {
  if (newest && older === null) return null;
  const button = { class: "button", part: "button" };
  return element(
    "nav",
    { class: "pages", "aria-label": texts.pages },
    !newest && element("a", { ...button, href: blog, rel: "prev" }, texts.newest_updates),
    older !== null && element("a", { ...button, href: older, rel: "next" }, texts.older_updates),
  );
}
