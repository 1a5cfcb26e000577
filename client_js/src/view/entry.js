/** @import { Correction, Entry, Media, Person } from "../core/messages.js" */
/** @import { Texts } from "../texts.js" */
/** @import { Child } from "./elements.js" */
import { around } from "../texts.js";
import { element, link, setSanitisedHTML, timeElement } from "./elements.js";
import { frameOf } from "./embeds.js";

/**
 * Where and how entries are shown.
 *
 * @typedef {object} Setting
 * @property {Texts} texts
 * @property {string} blog the address of the blog's page
 */

/**
 * An entry's article: the same, node by node, as `templates/entry.html` makes it.
 *
 * @param {Entry} entry
 * @param {Setting} setting
 */
export function entryElement(entry, setting) {
  const { id, title, key, breaking, pinned } = entry;
  const retracted = entry.status === "retracted";
  const classes = { entry: true, retracted, breaking, key, pinned };
  return element(
    "article",
    {
      class: Object.entries(classes)
        .flatMap(([name, is]) => (is ? name : []))
        .join(" "),
      part: "entry",
      id: `entry-${id}`,
      tabindex: "0",
      "aria-labelledby": `${title && !retracted ? "title" : "time"}-${id}`,
      "data-seq": entry.seq,
      "data-version": entry.version,
      "data-published": entry.published_at,
    },
    meta(entry, setting),
    ...(retracted ? [tombstone(entry, setting)] : published(entry, setting)),
  );
}

/**
 * @param {Entry} entry
 * @param {Setting} setting
 */
function meta({ id, published_at: publishedAt, breaking, key, pinned }, { blog, texts }) {
  const badge = (/** @type {string} */ name, /** @type {string} */ text) =>
    element("span", { class: `badge ${name}` }, text);
  return element(
    "p",
    { class: "meta" },
    element(
      "a",
      { id: `time-${id}`, href: `${blog}/entries/${id}#entry-${id}`, rel: "bookmark" },
      timeElement(publishedAt),
    ),
    breaking && badge("breaking", texts.breaking),
    key && badge("key", texts.key),
    pinned && badge("pin", texts.pinned),
  );
}

/**
 * @param {Entry} entry
 * @param {Setting} setting
 */
function tombstone({ retracted_at: at, note }, { texts }) {
  return element(
    "div",
    { class: "note" },
    element("p", {}, element("strong", {}, texts.retracted), at && " · ", at && timeElement(at)),
    note && element("p", {}, note),
  );
}

/**
 * @param {Entry} entry
 * @param {Setting} setting
 * @returns {Child[]}
 */
function published(entry, setting) {
  const { id, title, html, media = [], corrections } = entry;
  return [
    title && element("h2", { id: `title-${id}`, part: "entry-title" }, title),
    html && body(html),
    ...media.map((one) => mediaElement(one, setting.texts)),
    corrections?.length && correctionList(corrections, setting.texts),
    foot(entry, setting.texts),
  ];
}

/** @param {string} html */
function body(html) {
  const made = element("div", { class: "body", part: "entry-body" });
  setSanitisedHTML(made, html);
  return made;
}

/**
 * @param {Media} media
 * @param {Texts} texts
 */
export function mediaElement(media, texts) {
  const caption = media.type === "embed" ? undefined : media.caption; // an embed's is the text of its link
  return element(
    "figure",
    { class: media.type },
    ...player(media, texts),
    (caption || media.credit) &&
      element("figcaption", {}, caption, media.credit && element("small", {}, media.credit)),
  );
}

/**
 * @param {Media} media
 * @param {Texts} texts
 * @returns {Child[]}
 */
function player({ type, url, alt, caption, width, height }, texts) {
  const size = { width, height };
  if (type === "image") return [element("img", { src: url, alt: alt ?? "", ...size, loading: "lazy" })];
  if (type !== "embed") {
    return [
      element(type, { src: url, "aria-label": alt, ...(type === "video" && size), controls: true, preload: "none" }),
    ];
  }
  const frame = frameOf(url);
  const rel = "noopener noreferrer";
  if (!frame) return [link(url, caption ?? url, { rel })];
  return [
    link(url, caption ?? url, { class: "button", part: "button", rel, "data-frame": frame.address }),
    element("p", { class: "hint" }, texts.embed.replace("{name}", frame.name)),
  ];
}

/**
 * @param {Correction[]} list
 * @param {Texts} texts
 */
function correctionList(list, texts) {
  const items = list.map(({ text, at }) =>
    element("li", {}, element("strong", {}, texts.correction), " ", timeElement(at), element("p", {}, text)),
  );
  return element("ul", { class: "corrections" }, ...items);
}

/**
 * @param {Entry} entry
 * @param {Texts} texts
 */
function foot({ authors, source, event_at: eventAt, published_at: publishedAt, updated_at: updatedAt, tags }, texts) {
  const updated = updatedAt && updatedAt > publishedAt && updatedAt;
  if (!(authors?.length || source || eventAt || updated || tags?.length)) return null;
  return element(
    "footer",
    {},
    authors?.length && byline(authors, texts),
    source && paragraph("source", texts.source, link(source.url, source.name, { rel: "noopener" })),
    eventAt && paragraph("happened", texts.happened, timeElement(eventAt)),
    updated && paragraph("updated", texts.updated, timeElement(updated)),
    tags?.length && tagList(tags),
  );
}

/**
 * A text with something in its middle.
 *
 * @param {string} name of the class
 * @param {string} text
 * @param {...Child} content
 */
export function paragraph(name, text, ...content) {
  const [before, after] = around(text);
  return element("p", { class: name }, before, ...content, after);
}

/**
 * @param {Person[]} authors
 * @param {Texts} texts
 */
export function byline(authors, texts) {
  const names = authors.flatMap(({ name, url }, index) => [index && ", ", link(url, name, { rel: "author" })]);
  return paragraph("byline", texts.by, .../** @type {Child[]} */ (names));
}

/** @param {string[]} tags */
export function tagList(tags) {
  return element("ul", { class: "tags" }, ...tags.map((tag) => element("li", {}, tag)));
}
