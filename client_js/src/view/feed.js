/** @import { Entry } from "../core/messages.js" */
/** @import { Position } from "../core/position.js" */
import { comparePositions, positionOf } from "../core/position.js";
import { FOLLOWING, PRECEDING } from "./focus.js";
import { positionOfArticle } from "./hydrate.js";
import { morph } from "./morph.js";
import { isShown } from "./reading.js";

/** Keys that move the focus out of the list, and the side that they lead to. */
const SIDES = { Home: PRECEDING, End: FOLLOWING };

/**
 * The list of articles, in the order that the reader has chosen, with the keys of an ARIA feed
 * (https://www.w3.org/WAI/ARIA/apg/patterns/feed/).
 */
export class Feed {
  #list;
  /** 1 if the newest entry comes first, -1 if the oldest does. */
  #direction = 1;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    list.addEventListener("keydown", (event) => this.#press(event));
  }

  get articles() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(":scope > article")]);
  }

  /** @param {string} id of an entry */
  article(id) {
    return /** @type {HTMLElement | null} */ (this.#list.children.namedItem(`entry-${id}`));
  }

  /** Whether the newest entry comes first. */
  get newestFirst() {
    return this.#direction > 0;
  }

  set newestFirst(value) {
    if (value === this.newestFirst) return;
    this.#direction = -this.#direction;
    this.#list.append(...this.articles.reverse());
    this.number();
  }

  /** The position of the newest entry; null if there are none. @returns {Position | null} */
  get newest() {
    const newest = this.articles.at(this.newestFirst ? 0 : -1);
    return newest ? positionOfArticle(newest) : null;
  }

  /**
   * Show an entry at its position.
   *
   * @param {Entry} entry
   * @param {HTMLElement} fresh its new article
   * @returns {HTMLElement} the article that is shown: the old one, if its position is the same
   */
  put(entry, fresh) {
    const old = this.article(entry.id);
    const position = positionOf(entry);
    if (old && !comparePositions(positionOfArticle(old), position)) {
      morph(old, fresh);
      return old;
    }
    old?.remove();
    const next = this.articles.find(
      (other) => comparePositions(positionOfArticle(other), position) * this.#direction < 0,
    );
    this.#list.insertBefore(fresh, next ?? null);
    return fresh;
  }

  /** Number the articles for screen readers. @param {boolean} [whole] whether all entries are loaded */
  number(whole = true) {
    const { articles } = this;
    // ARIA requires articles in a feed
    if (articles.length) this.#list.setAttribute("role", "feed");
    else this.#list.removeAttribute("role");
    articles.forEach((article, index) => {
      article.setAttribute("aria-posinset", `${index + 1}`);
      article.setAttribute("aria-setsize", `${whole ? articles.length : -1}`);
    });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = { PageDown: 1, PageUp: -1 }[event.key];
    const article = /** @type {Element} */ (event.target).closest("article");
    if (!article || event.altKey || event.metaKey || event.shiftKey) return;
    if (step && !event.ctrlKey) {
      const shown = this.articles.filter(isShown);
      shown[shown.indexOf(/** @type {HTMLElement} */ (article)) + step]?.focus();
    } else {
      const side = event.ctrlKey && SIDES[/** @type {keyof typeof SIDES} */ (event.key)];
      if (!side || !focusOutside(this.#list, side)) return;
    }
    event.preventDefault();
  }
}

/**
 * Focus the nearest control before or after a list, if necessary outside of the shadow root.
 *
 * @param {Element} list
 * @param {number} side
 * @returns {boolean} whether there is one
 */
function focusOutside(list, side) {
  const root = /** @type {Document | ShadowRoot} */ (list.getRootNode());
  const controls = [...root.querySelectorAll("a[href], button, select, summary, input")].filter(
    (one) => isShown(one) && !list.contains(one) && list.compareDocumentPosition(one) & side,
  );
  const control = /** @type {HTMLElement | undefined} */ (controls.at(side === FOLLOWING ? 0 : -1));
  control?.focus();
  return Boolean(control || ("host" in root && focusOutside(root.host, side)));
}
