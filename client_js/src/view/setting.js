/** @import { Entry } from "../core/messages.js" */
import { parseHtml } from "./html.js";
import { localeOf, localise } from "./times.js";

/**
 * The texts that the client needs, in the language of the page. All other texts are in the markup.
 *
 * @typedef {"scheduled" | "live" | "paused" | "ended" | "refused" | "reconnecting" | "offline" | "empty" | "empty_key"
 *   | "loading" | "load_failed" | "is_retracted" | "is_corrected"} TextName
 * @typedef {Record<TextName, string> & {fresh: {one?: string, other: string}}} Texts
 */

/** Where and in which language a blog is shown; adapts the server's markup to that. */
export class Setting {
  #base;
  /** Returns the time zone of the blog, if it has one. @type {() => string | undefined} */
  timeZone = () => undefined;

  /**
   * @param {Texts} texts
   * @param {string | undefined} language
   * @param {string} home the key of the blog in `memory.js`
   * @param {URL | null} base for addresses without a host; null on the server's own pages
   */
  constructor(texts, language, home, base) {
    this.texts = texts;
    this.language = localeOf(language);
    this.home = home;
    this.#base = base;
  }

  /**
   * Parse and adapt markup.
   *
   * @param {string} html
   */
  fragment(html) {
    const made = parseHtml(html);
    this.settle(made);
    return made;
  }

  /**
   * Return the article of an entry.
   *
   * @param {Entry} entry
   */
  article({ html = "" }) {
    return /** @type {HTMLElement | null} */ (this.fragment(html).querySelector("article"));
  }

  /**
   * Show times in the blog's time zone or the reader's, and make addresses lead to the server.
   *
   * @param {ParentNode} root
   */
  settle(root) {
    localise(root, this.language, this.timeZone());
    for (const name of this.#base ? ["href", "src", "poster"] : []) {
      for (const one of root.querySelectorAll(`[${name}^="/"]`)) {
        one.setAttribute(name, new URL(one.getAttribute(name) ?? "", this.#base ?? "").href);
      }
    }
  }
}
