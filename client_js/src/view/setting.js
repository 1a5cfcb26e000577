/** @import { Entry } from "../core/messages.js" */
import { parseHtml } from "./html.js";
import { localeOf, localise } from "./times.js";

/**
 * The texts that the client needs, in the language of the page. All other texts are in the markup.
 *
 * @typedef {"scheduled" | "live" | "paused" | "ended" | "refused" | "reconnecting" | "offline" | "empty" | "empty_key"
 *   | "older_updates" | "newer_updates" | "newest_updates" | "loading" | "load_failed" | "is_retracted"
 *   | "is_corrected" | "visited" | "visited_before"} TextName
 * @typedef {Record<TextName, string> & {fresh: {one?: string, other: string}}} Texts
 */

/** Where and in which language a blog is shown; adapts the server's markup to that. */
export class Setting {
  /** Returns the time zone of the blog, if it has one. @type {() => string | undefined} */
  timeZone = () => undefined;
  #view;
  #token;

  /**
   * @param {Texts} texts
   * @param {string | undefined} language
   * @param {URL} blog the address of its page
   * @param {string} view the query of what is loaded in this setting
   * @param {() => string | null} token returns the token for a private blog
   */
  constructor(texts, language, { href }, view, token) {
    this.texts = texts;
    this.language = localeOf(language);
    this.home = href;
    this.#view = view;
    this.#token = token;
  }

  /**
   * Return the address of a page of entries.
   *
   * @param {string} query
   * @param {boolean} key whether it leaves out what is not a key event
   */
  pageAddress(query, key) {
    return `${this.home}/entries?${query}${key ? "&key=true" : ""}&${this.#view}`;
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
    const server = new URL("/", this.home).href;
    const isHere = server === new URL("/", document.baseURI).href;
    for (const name of isHere ? [] : ["href", "src", "poster"]) {
      for (const one of root.querySelectorAll(`[${name}^="/"]`)) {
        one.setAttribute(name, new URL(one.getAttribute(name) ?? "", this.home).href);
      }
    }
    for (const one of isHere ? [] : root.querySelectorAll("[srcset]")) {
      one.setAttribute("srcset", (one.getAttribute("srcset") ?? "").replace(/(^|, )\//g, `$1${server}`));
    }
    const token = this.#token();
    if (token) admit(root, `${new URL(this.home).pathname}/media/`, token);
  }
}

/**
 * Put a token into the addresses of a private blog's images: browsers send no header of ours with them.
 *
 * @param {ParentNode} root
 * @param {string} path the part that all these addresses have
 * @param {string} token
 */
function admit(root, path, token) {
  const file = new RegExp(`${path}[\\w-]+\\.\\w+(?![\\w?])`, "g");
  for (const name of ["src", "srcset"]) {
    for (const one of root.querySelectorAll(`[${name}*="${path}"]`)) {
      const value = one.getAttribute(name) ?? "";
      one.setAttribute(name, value.replace(file, `$&?token=${encodeURIComponent(token)}`));
    }
  }
}

/**
 * Return the first characters of a text, as readers count them: an emoji may consist of many.
 *
 * @param {string} text
 * @param {number} count
 */
export function beginning(text, count) {
  const { Segmenter } = Intl;
  const characters = Segmenter ? [...new Segmenter().segment(text)].map(({ segment }) => segment) : [...text];
  return characters.slice(0, count).join("");
}
