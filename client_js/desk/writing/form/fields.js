/** @import { Draft, Kind, Media, Words } from "../types.js" */
import { localOf, momentOf } from "./moments.js";

/** A field of the form cannot be sent as it is; `field` is its name in the editors' API. */
export class WrongField extends Error {
  /**
   * @param {string} message
   * @param {string} field
   */
  constructor(message, field) {
    super(message);
    this.field = field;
  }
}

/**
 * Return the words of a new entry.
 *
 * @param {string} author
 * @returns {Words}
 */
export function emptyWords(author) {
  return {
    format: "markdown",
    body: "",
    title: "",
    authors: author,
    tags: "",
    sourceName: "",
    sourceUrl: "",
    eventAt: "",
    publishAt: "",
    expiresAt: "",
    key: false,
    breaking: false,
    pinned: false,
    media: [],
    authorUrls: {},
  };
}

/**
 * Return the words of an entry that the server has.
 *
 * @param {any} entry a StoredEntry
 * @param {string} zone
 * @returns {Words}
 */
export function wordsOf(entry, zone) {
  const { markdown, html, title, authors = [], tags = [], source, event_at, publish_at, expires_at } = entry;
  const local = (/** @type {string | undefined} */ moment) => (moment ? localOf(moment, zone) : "");
  const isHtml = !markdown && Boolean(html);
  return {
    format: isHtml ? "html" : "markdown",
    body: (isHtml ? html : markdown) ?? "",
    title: title ?? "",
    authors: authors.map((/** @type {any} */ one) => one.name).join(", "),
    tags: tags.join(", "),
    sourceName: source?.name ?? "",
    sourceUrl: source?.url ?? "",
    eventAt: local(event_at),
    publishAt: local(publish_at),
    expiresAt: local(expires_at),
    key: Boolean(entry.key),
    breaking: Boolean(entry.breaking),
    pinned: Boolean(entry.pinned),
    media: entry.media ?? [],
    authorUrls: Object.fromEntries(authors.flatMap((/** @type {any} */ one) => (one.url ? [[one.name, one.url]] : []))),
  };
}

/** Return whether words say nothing that would be missed. @param {Words} words */
export function isEmpty({ body, title, media, sourceName, sourceUrl }) {
  return !(body.trim() || title.trim() || media.length || sourceName.trim() || sourceUrl.trim());
}

/** Return whether two sets of words are the same. @param {Words} one @param {Words} other */
export function isSame(one, other) {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
}

/**
 * Return the fields of the editors' API for words: all that have a value, or those that differ from the words that the
 * server has.
 *
 * @param {Words} words
 * @param {Words | null} base
 * @param {string} zone
 * @param {boolean} [all] also those without a value, if there is no `base`
 * @returns {Record<string, any>}
 * @throws {WrongField}
 */
export function fieldsOf(words, base, zone, all = false) {
  const hasEnd = Boolean(base?.expiresAt);
  const fields = allFields(words, zone, hasEnd);
  const before = base && allFields(base, zone, hasEnd);
  const differs = (/** @type {string} */ name) =>
    before ? JSON.stringify(fields[name]) !== JSON.stringify(before[name]) : all || !isNothing(fields[name]);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => differs(name)));
}

/**
 * @param {Words} words
 * @param {string} zone
 * @param {boolean} hasEnd whether the entry on the server has an `expires_at`
 * @returns {Record<string, any>}
 */
function allFields(words, zone, hasEnd) {
  const url = words.sourceUrl.trim();
  const name = words.sourceName.trim() || hostOf(url);
  return {
    [words.format]: words.body,
    title: words.title.trim(),
    authors: listOf(words.authors).map((one) => ({ name: one, ...(words.authorUrls[one] && { url: words.authorUrls[one] }) })),
    tags: listOf(words.tags),
    source: name ? { name, ...(url && { url }) } : null,
    event_at: timeOf(words.eventAt, zone, "event_at"),
    ...(words.expiresAt || hasEnd ? { expires_at: timeOf(words.expiresAt, zone, "expires_at") } : {}),
    key: words.key,
    breaking: words.breaking,
    pinned: words.pinned,
    media: words.media.map(withoutEmpty),
  };
}

/**
 * Return the status of an entry that is sent, and the time that belongs to it.
 *
 * @param {Kind} kind
 * @param {Draft} draft
 * @param {{zone: string, now: number, undoSeconds: number}} setting `now` by the server's clock
 * @returns {Record<string, any>}
 * @throws {WrongField}
 */
export function statusOf(kind, { status, words }, { zone, now, undoSeconds }) {
  if (kind === "draft") return { status: "draft" };
  if (kind === "submit") return { status: "draft", submitted: true };
  if (status === "published") return {};
  const at = timeOf(words.publishAt, zone, "publish_at");
  if (at) return { status: "scheduled", publish_at: at };
  if (undoSeconds > 0 && !words.breaking) {
    return { status: "scheduled", publish_at: new Date(now + undoSeconds * 1_000).toISOString() };
  }
  return { status: "published" };
}

/**
 * Return a few words that tell an entry from others.
 *
 * @param {Words} words
 */
export function labelOf({ title, body, media }) {
  const text = (title || body || media[0]?.caption || media[0]?.alt || "an entry without words").trim();
  return text.replace(/\s+/g, " ").slice(0, 80);
}

/**
 * Return the parts of a list that is separated by commas.
 *
 * @param {string} text
 */
export function listOf(text) {
  return [...new Set(text.split(",").map((one) => one.trim()))].filter(Boolean);
}

/**
 * @param {string} local
 * @param {string} zone
 * @param {string} field
 */
function timeOf(local, zone, field) {
  if (!local) return null;
  const moment = momentOf(local, zone);
  if (moment === null) throw new WrongField(`There is no ${local.replace("T", " ")} in ${zone}: clocks skip it.`, field);
  return new Date(moment).toISOString();
}

/** @param {string} url */
function hostOf(url) {
  try {
    return url && new URL(url).hostname.replace(/^www\./, "");
  } catch {
    return "";
  }
}

/** @param {any} value */
const isNothing = (value) => value === null || value === "" || value === false || (Array.isArray(value) && !value.length);

/** @param {Media} media */
const withoutEmpty = (media) => Object.fromEntries(Object.entries(media).filter(([, value]) => value !== "" && value != null));
