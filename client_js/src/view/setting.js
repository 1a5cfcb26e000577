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
  /** Returns the time zone of the blog, if it has one. @type {() => string | undefined} */
  timeZone = () => undefined;

  /**
   * @param {Texts} texts
   * @param {string | undefined} language
   * @param {URL} blog the address of its page
   */
  constructor(texts, language, { href }) {
    this.texts = texts;
    this.language = localeOf(language);
    this.home = href;
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
   * Show times in the blog's time zone or the reader's, and make addresses lead to the server from other sites.
   *
   * @param {ParentNode} root
   */
  settle(root) {
    localise(root, this.language, this.timeZone());
    const isHere = this.home.startsWith(new URL("/", document.baseURI).href);
    for (const name of isHere ? [] : ["href", "src", "poster"]) {
      for (const one of root.querySelectorAll(`[${name}^="/"]`)) {
        one.setAttribute(name, new URL(one.getAttribute(name) ?? "", this.home).href);
      }
    }
  }
}
