/** @import { BlogStatus, Entry, Header } from "../core/messages.js" */
/** @import { Phase } from "../core/connection.js" */
import { element, link, timeElement } from "./elements.js";
import { byline, mediaElement, tagList } from "./entry.js";

// What is around the entries: the same, node by node, as `templates/header.html` makes it.

/** @type {Record<BlogStatus, string>} */
const STATUS = { scheduled: "Not started", live: "Live", paused: "Paused", ended: "Ended" };

/** @param {Header} header */
export function titleElement(header) {
  const { headline, standfirst, authors, tags, image } = header;
  const start = header.status === "scheduled" && header.coverage_start;
  return element(
    "div",
    { class: "title" },
    element("h1", {}, headline),
    standfirst && element("p", { class: "standfirst" }, standfirst),
    start && element("p", { class: "coverage" }, "Coverage starts ", timeElement(start)),
    authors?.length && byline(authors),
    tags?.length && tagList(tags),
    image && mediaElement(image),
  );
}

/**
 * A pointer to the pinned entry, with as much of it as is known.
 *
 * @param {Pick<Entry, "id"> & Partial<Entry>} entry
 * @param {string} address
 */
export function pinnedElement({ id, title, text, published_at: publishedAt }, address) {
  return element(
    "aside",
    { class: "pinned", "aria-label": "Pinned update", "data-entry": id },
    element(
      "p",
      { class: "meta" },
      element("span", { class: "badge pin" }, "Pinned"),
      publishedAt && timeElement(publishedAt),
    ),
    title && element("h2", {}, element("a", { href: address }, title)),
    text && element("p", { class: "text" }, text),
    !title && element("p", {}, element("a", { href: address }, "Read the pinned update")),
  );
}

/** @param {Header} header */
export function relatedElement({ related }) {
  if (!related?.length) return null;
  const items = related.map(({ title, url }) => element("li", {}, link(url, title)));
  return element("aside", { class: "related" }, element("h2", {}, "Related"), element("ul", {}, ...items));
}

/**
 * The ways to the other pages of the blog.
 *
 * @param {string} blog
 * @param {string | null} older the address of the entries before the last one here
 * @param {boolean} newest whether this is the newest page
 */
export function pagesElement(blog, older, newest) {
  if (newest && older === null) return null;
  return element(
    "nav",
    { class: "pages", "aria-label": "Pages" },
    !newest && element("a", { href: `/blogs/${blog}`, rel: "prev" }, "Newest updates"),
    older !== null && element("a", { href: older.replace("/entries?", "?"), rel: "next" }, "Older updates"),
  );
}

/**
 * The line that says how new this page is: what the blog does, unless we cannot know.
 *
 * @param {BlogStatus} status
 * @param {Phase} phase
 * @returns {[word: string, text: string]}
 */
export function statusLine(status, phase) {
  if (phase === "refused") return ["unavailable", "Not available any more"];
  if (phase === "reconnecting" && status !== "ended") return ["reconnecting", "Reconnecting"];
  return [status, STATUS[status]];
}
