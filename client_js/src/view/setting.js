/** @import { Entry } from "../core/messages.js" */
import { parsed } from "./html.js";
import { localise, usable } from "./times.js";

/**
 * What scripts say, in the language of the page; the other texts stand in the markup.
 *
 * @typedef {"scheduled" | "live" | "paused" | "ended" | "refused" | "reconnecting" | "offline" | "empty" | "empty_key"
 *   | "loading" | "load_failed" | "is_retracted" | "is_corrected"} TextName
 * @typedef {Record<TextName, string> & {fresh: {one?: string, other: string}}} Texts
 */

/** Where and in which language a blog is shown; makes markup of the server ready for that. */
export class Setting {
  #base;

  /**
   * @param {Texts} texts
   * @param {string | undefined} language
   * @param {string} home what tells the blog from others
   * @param {URL | null} base where addresses begin that have no host; null on the server's own pages
   */
  constructor(texts, language, home, base) {
    this.texts = texts;
    this.language = usable(language);
    this.home = home;
    this.#base = base;
  }

  /**
   * What is made of markup that has come in.
   *
   * @param {string} html
   */
  fragment(html) {
    const made = parsed(html);
    this.settle(made);
    return made;
  }

  /**
   * An entry's article.
   *
   * @param {Entry} entry
   */
  article({ html = "" }) {
    return /** @type {HTMLElement | null} */ (this.fragment(html).querySelector("article"));
  }

  /**
   * Turn times into those of the reader's clock, and let addresses lead to the server.
   *
   * @param {ParentNode} root
   */
  settle(root) {
    localise(root, this.language);
    for (const name of this.#base ? ["href", "src", "poster"] : []) {
      for (const one of root.querySelectorAll(`[${name}^="/"]`)) {
        one.setAttribute(name, new URL(one.getAttribute(name) ?? "", this.#base ?? "").href);
      }
    }
  }
}
