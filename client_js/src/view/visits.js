/** @import { Feed } from "./feed.js" */
/** @import { Place } from "../core/place.js" */
import { comparePlaces, parsePlace } from "../core/place.js";
import { element } from "./elements.js";
import { placeOfArticle } from "./hydrate.js";
import { recall, remember } from "./memory.js";

/** Knows what the reader has seen at the last visit, and shows where that begins. */
export class Visits {
  #name;
  #feed;
  #text;
  /** @type {Place | null} */
  #seen;
  /** @type {Element | null} */
  #divider = null;

  /**
   * @param {string} blog
   * @param {Feed} feed
   * @param {string} text of the divider
   */
  constructor(blog, feed, text) {
    this.#name = `seen ${blog}`;
    this.#feed = feed;
    this.#text = text;
    this.#seen = parsePlace(recall(this.#name));
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
  }

  #leave() {
    if (this.#feed.newest) remember(this.#name, this.#feed.newest.join("_"));
  }

  /** Put the divider between what was seen and what was not, if both are there. */
  mark() {
    const seen = this.#seen;
    if (seen === null) return;
    const { articles, newestFirst } = this.#feed;
    const first = articles.findIndex((one) => comparePlaces(placeOfArticle(one), seen) <= 0 === newestFirst);
    const wanted = first > 0 ? articles[first] : null;
    if (this.#divider?.parentElement === wanted) return;
    this.#divider?.remove();
    this.#divider = wanted && element("p", { class: "visited" }, this.#text);
    if (this.#divider) wanted?.prepend(this.#divider);
  }
}
