/** @import { Entry, Media } from "../core/messages.js" */
import { parsed } from "./html.js";
import { localise, usable, utcText } from "./times.js";

/**
 * What a server has made of a macro of its templates; `server/stoppress/web/pages/macros.py` says what stands for what.
 *
 * @typedef {(string | any[])[]} Macro
 *
 * What a server tells with its markup: macros by their names, what the page says by itself, sites that can be embedded.
 *
 * @typedef {"article" | "frame" | "title" | "pinned_aside" | "key_events_nav" | "related_aside" | "pages_nav"} Name
 * @typedef {Record<Name, Macro> & {texts: Texts, sites: Site[]}} Setting
 * @typedef {"scheduled" | "live" | "paused" | "ended" | "refused" | "reconnecting" | "offline" | "empty" | "empty_key"
 *   | "loading" | "load_failed" | "is_retracted" | "is_corrected"} TextName
 * @typedef {Record<TextName, string> & {fresh: {one?: string, other: string}}} Texts
 * @typedef {{name: string, address: string, frame: string}} Site
 */

/** Shows what the server's templates show, in the same markup. */
export class Macros {
  #setting;

  /**
   * @param {Setting} setting
   * @param {string} home the address of the blog's page
   * @param {string | undefined} language that it speaks
   */
  constructor(setting, home, language) {
    this.#setting = setting;
    this.texts = setting.texts;
    this.home = home;
    this.language = usable(language);
  }

  /**
   * The element that a macro makes, if it makes one.
   *
   * @param {Name} name
   * @param {Record<string, unknown>} values of its arguments
   */
  make(name, values) {
    const made = parsed(fill(this.#setting[name], { home: this.home, ...values }));
    localise(made, this.language);
    return /** @type {HTMLElement | null} */ (made.firstElementChild);
  }

  /**
   * An entry's article.
   *
   * @param {Entry} entry
   */
  article(entry) {
    const { updated_at: updated = "", published_at: published, media = [] } = entry;
    const shown = { ...entry, updated: updated > published && updated, media: media.map((one) => this.media(one)) };
    return /** @type {HTMLElement} */ (this.make("article", { entry: shown }));
  }

  /**
   * With what a known site shows for the address of one of its pages.
   *
   * @param {Media} media
   */
  media(media) {
    for (const { name, address, frame } of media.type === "embed" ? this.#setting.sites : []) {
      const found = new RegExp(address).exec(media.url);
      if (found) return { ...media, frame: { name, address: frame.replace("{id}", found[1]) } };
    }
    return media;
  }
}

/**
 * Write HTML.
 *
 * @param {Macro} macro
 * @param {Record<string, any>} values
 * @returns {string}
 */
export function fill(macro, values) {
  const find = (/** @type {string} */ path) => path.split(".").reduce((value, name) => value?.[name], /** @type {any} */ (values));
  const holds = (/** @type {string} */ test) => {
    const [path, wanted] = test.split("=");
    const value = find(path);
    return wanted ? value === wanted : Array.isArray(value) ? value.length : value;
  };
  return macro
    .map((part) => {
      if (typeof part === "string") return part;
      const [path, kind, otherwise = []] = part;
      if (Array.isArray(kind)) return fill([path].flat().some(holds) ? kind : otherwise, values);
      const value = find(path) || "";
      if (kind === 0) return value;
      if (kind === 1) return /^https?:/i.test(value) ? escaped(value) : "";
      if (!kind) return escaped(value);
      if (kind === 2) return value && escaped(utcText(value));
      return [...value]
        .map((item, index) => fill(otherwise, { ...values, [kind]: item, ["@" + kind]: { first: !index } }))
        .join("");
    })
    .join("");
}

/** @param {unknown} value */
function escaped(value) {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
