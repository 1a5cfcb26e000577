/** @import { Entry } from "../core/messages.js" */
/** @import { Texts } from "../texts.js" */
import { countText } from "../texts.js";

/** @typedef {"all" | "key" | "none"} Level of what is announced; `key` are key events, breaking news and retractions */

/** What comes within this time is said together, in milliseconds. */
const PAUSE = 1_500;

/** Says what happens to those who cannot see it. Nothing else on the page does. */
export class Announcer {
  /** @type {Level} */
  level = "all";
  #region;
  #texts;
  #language;
  /** @type {string[]} */
  #waiting = [];

  /**
   * @param {HTMLElement} region with the role `status`
   * @param {Texts} texts
   * @param {string | undefined} language
   */
  constructor(region, texts, language) {
    this.#region = region;
    this.#texts = texts;
    this.#language = language;
  }

  /**
   * An entry came, was corrected or retracted.
   *
   * @param {Entry} entry
   * @param {boolean} isNew
   */
  entry(entry, isNew) {
    const { status, title, text = "", key, breaking, corrections } = entry;
    const what = title ?? text.slice(0, 120);
    if (status === "retracted") {
      if (!isNew) this.say(this.#texts.is_retracted.replace("{title}", what), true);
    } else if (isNew) {
      this.say(what, Boolean(key || breaking));
    } else if (corrections?.length) {
      this.say(this.#texts.is_corrected.replace("{title}", what), Boolean(key || breaking));
    }
  }

  /**
   * @param {string} text
   * @param {boolean} important
   */
  say(text, important) {
    if (this.level === "none" || (this.level === "key" && !important)) return;
    if (!this.#waiting.length) setTimeout(() => this.#speak(), PAUSE);
    this.#waiting.push(text);
  }

  #speak() {
    const [first, ...more] = this.#waiting.splice(0);
    this.#region.textContent = more.length ? countText(this.#texts, this.#language, more.length + 1) : first;
  }
}
