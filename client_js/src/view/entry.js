/** @import { Correction, Entry, Media, Person } from "../core/messages.js" */
/** @import { Child } from "./elements.js" */
import { element, link, setSanitisedHTML, timeElement } from "./elements.js";

/**
 * An entry's article: the same, node by node, as `templates/entry.html` makes it.
 *
 * @param {Entry} entry
 * @param {string} blog
 */
export function entryElement(entry, blog) {
  const retracted = entry.status === "retracted";
  const content = retracted ? [tombstone(entry)] : published(entry);
  return element(
    "article",
    {
      class: classes(entry),
      id: `entry-${entry.id}`,
      "data-seq": entry.seq,
      "data-version": entry.version,
      "data-published": entry.published_at,
    },
    meta(entry, blog),
    ...content,
  );
}

/** @param {Entry} entry */
function classes(entry) {
  const flags = [entry.breaking && "breaking", entry.key && "key", entry.pinned && "pinned"];
  return ["entry", entry.status === "retracted" && "retracted", ...flags].filter(Boolean).join(" ");
}

/**
 * @param {Entry} entry
 * @param {string} blog
 */
function meta(entry, blog) {
  const address = `/blogs/${blog}/entries/${entry.id}#entry-${entry.id}`;
  return element(
    "p",
    { class: "meta" },
    element("a", { href: address, rel: "bookmark" }, timeElement(entry.published_at)),
    entry.breaking && element("span", { class: "badge breaking" }, "Breaking"),
    entry.key && element("span", { class: "badge key" }, "Key event"),
    entry.pinned && element("span", { class: "badge pin" }, "Pinned"),
  );
}

/** @param {Entry} entry */
function tombstone(entry) {
  return element(
    "div",
    { class: "note" },
    element(
      "p",
      {},
      element("strong", {}, "This update was retracted"),
      entry.retracted_at && " · ",
      entry.retracted_at && timeElement(entry.retracted_at),
    ),
    entry.note && element("p", {}, entry.note),
  );
}

/**
 * @param {Entry} entry
 * @returns {Child[]}
 */
function published(entry) {
  return [
    entry.title && element("h2", {}, entry.title),
    entry.html && body(entry.html),
    ...(entry.media ?? []).map(mediaElement),
    entry.corrections?.length && corrections(entry.corrections),
    foot(entry),
  ];
}

/** @param {string} html */
function body(html) {
  const made = element("div", { class: "body" });
  setSanitisedHTML(made, html);
  return made;
}

/** @param {Media} media */
export function mediaElement(media) {
  const caption = media.type === "embed" ? undefined : media.caption; // an embed's is the text of its link
  return element(
    "figure",
    { class: media.type },
    player(media),
    (caption || media.credit) &&
      element("figcaption", {}, caption, media.credit && element("small", {}, media.credit)),
  );
}

/** @param {Media} media */
function player({ type, url, alt, caption, width, height }) {
  if (type === "image") return element("img", { src: url, alt: alt ?? "", width, height, loading: "lazy" });
  if (type === "video") {
    return element("video", { src: url, "aria-label": alt, width, height, controls: true, preload: "none" });
  }
  if (type === "audio") return element("audio", { src: url, "aria-label": alt, controls: true, preload: "none" });
  return link(url, caption ?? url, { rel: "noopener noreferrer" });
}

/** @param {Correction[]} list */
function corrections(list) {
  const items = list.map(({ text, at }) =>
    element("li", {}, element("strong", {}, "Correction"), " ", timeElement(at), element("p", {}, text)),
  );
  return element("ul", { class: "corrections" }, ...items);
}

/** @param {Entry} entry */
function foot(entry) {
  const { authors, source, event_at: eventAt, updated_at: updatedAt, tags } = entry;
  const updated = updatedAt && updatedAt > entry.published_at;
  if (!(authors?.length || source || eventAt || updated || tags?.length)) return null;
  return element(
    "footer",
    {},
    authors?.length && byline(authors),
    source && element("p", { class: "source" }, "Source: ", link(source.url, source.name, { rel: "noopener" })),
    eventAt && element("p", {}, "Happened ", timeElement(eventAt)),
    updated && element("p", { class: "updated" }, "Updated ", timeElement(updatedAt)),
    tags?.length && tagList(tags),
  );
}

/** @param {Person[]} authors */
export function byline(authors) {
  const names = authors.flatMap(({ name, url }, index) => [index && ", ", link(url, name, { rel: "author" })]);
  return element("p", { class: "byline" }, "By ", .../** @type {Child[]} */ (names));
}

/** @param {string[]} tags */
export function tagList(tags) {
  return element("ul", { class: "tags" }, ...tags.map((tag) => element("li", {}, tag)));
}
