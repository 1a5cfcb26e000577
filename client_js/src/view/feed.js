/** @import { Entry } from "../core/messages.js" */
/** @import { Position } from "../core/position.js" */
import { comparePositions, positionOf } from "../core/position.js";
import { FOLLOWING, PRECEDING } from "./focus.js";
import { positionOfArticle } from "./hydrate.js";
import { morph } from "./morph.js";

/** Which side of the list the keys lead to. */
const SIDES = { Home: PRECEDING, End: FOLLOWING };

/**
 * The list of entries: articles in the order that the reader has chosen, with the keyboard's contract of a feed
 * (https://www.w3.org/WAI/ARIA/apg/patterns/feed/).
 */
export class Feed {
  #list;
  /** 1 if the newest comes first, -1 if the oldest does. */
  #direction = 1;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    list.addEventListener("keydown", (event) => this.#press(event));
  }

  /** All that are there, as they stand. */
  get articles() {
    return /** @type {HTMLElement[]} */ ([...this.#list.children]);
  }

  /** @param {string} id of an entry */
  article(id) {
    return /** @type {HTMLElement | null} */ (this.#list.children.namedItem(`entry-${id}`));
  }

  /** Whether the newest entry stands first. */
  get newestFirst() {
    return this.#direction > 0;
  }

  set newestFirst(value) {
    if (value === this.newestFirst) return;
    this.#direction = -this.#direction;
    this.#list.append(...this.articles.reverse());
    this.number();
  }

  /** Where the newest entry stands; null if there is none. @returns {Position | null} */
  get newest() {
    const newest = this.newestFirst ? this.#list.firstElementChild : this.#list.lastElementChild;
    return newest && positionOfArticle(/** @type {HTMLElement} */ (newest));
  }

  /**
   * Show an entry in its place.
   *
   * @param {Entry} entry
   * @param {HTMLElement} fresh its article, made anew
   * @returns {HTMLElement} the article that is shown: the one that was there, if it was in this place
   */
  put(entry, fresh) {
    const old = this.article(entry.id);
    const position = positionOf(entry);
    if (old && !comparePositions(positionOfArticle(old), position)) {
      morph(old, fresh);
      return old;
    }
    old?.remove();
    const next = this.articles.find((other) => comparePositions(positionOfArticle(other), position) * this.#direction < 0);
    this.#list.insertBefore(fresh, next ?? null);
    return fresh;
  }

  /** Tell assistive technology which is which of how many. @param {boolean} [whole] whether all are here */
  number(whole = true) {
    const { articles } = this;
    this.#list.role = articles.length ? "feed" : null; // a feed without articles is none
    articles.forEach((article, index) => {
      article.ariaPosInSet = `${index + 1}`;
      article.ariaSetSize = `${whole ? articles.length : -1}`;
    });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = { PageDown: 1, PageUp: -1 }[event.key];
    const article = /** @type {Element} */ (event.target).closest("article");
    if (!article || event.altKey || event.metaKey || event.shiftKey) return;
    if (step && !event.ctrlKey) {
      const shown = this.articles.filter((one) => one.checkVisibility());
      shown[shown.indexOf(/** @type {HTMLElement} */ (article)) + step]?.focus();
    } else {
      const side = event.ctrlKey && SIDES[/** @type {keyof typeof SIDES} */ (event.key)];
      if (!side || !focusOutside(this.#list, side)) return;
    }
    event.preventDefault();
  }
}

/**
 * Go to what can have the focus next to a list, before or after it; in an element, also in the page around that.
 *
 * @param {Element} list
 * @param {number} side
 * @returns {boolean} whether there is something
 */
function focusOutside(list, side) {
  const root = /** @type {Document | ShadowRoot} */ (list.getRootNode());
  const places = [...root.querySelectorAll("a[href], button, select, summary, input")].filter(
    (one) => one.checkVisibility() && !list.contains(one) && list.compareDocumentPosition(one) & side,
  );
  const place = /** @type {HTMLElement | undefined} */ (places.at(side === FOLLOWING ? 0 : -1));
  place?.focus();
  return Boolean(place || ("host" in root && focusOutside(root.host, side)));
}
