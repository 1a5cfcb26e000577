/** A reader who has scrolled by at most this much still counts as being at the edge of the list. */
const SLACK_PIXELS = 8;

/** Keeps what the reader sees of a list of entries where it is. */
export class Reading {
  #list;
  /** Remainder of the last scroll, which is in whole device pixels; the next one makes up for it. */
  #rest = 0;
  #top = 0;

  /** @param {HTMLElement} list of articles */
  constructor(list) {
    this.#list = list;
  }

  /**
   * Change the document, and keep what the reader sees where it is. At the top of the page, keep nothing: the reader
   * is to see the change.
   *
   * @param {() => void} change
   */
  hold(change) {
    const scroller = scrollerOf(this.#list);
    if (scroller.scrollTop <= 0) return change();
    const seen = this.#inView().map((one) => ({ one, top: one.getBoundingClientRect().top }));
    change();
    const still = seen.find(({ one }) => one.checkVisibility());
    if (!still) return;
    const rest = Math.abs(scroller.scrollTop - this.#top) < 1 ? this.#rest : 0;
    const moved = () => still.one.getBoundingClientRect().top - still.top + rest;
    scroller.scrollTop += moved();
    this.#top = scroller.scrollTop;
    this.#rest = moved();
  }

  /** Whether the reader sees the beginning of the list. */
  get atTop() {
    return this.#list.getBoundingClientRect().top >= viewOf(this.#list).top - SLACK_PIXELS;
  }

  /** Whether the reader sees the end of the list. */
  get atEnd() {
    return this.#list.getBoundingClientRect().bottom <= viewOf(this.#list).bottom + SLACK_PIXELS;
  }

  /** Return what must not move: the list if its beginning is in view, else the articles in view or what follows. */
  #inView() {
    if (this.atTop) return [this.#list];
    const { top, bottom } = viewOf(this.#list);
    const seen = [...this.#list.children].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.bottom > top && box.top < bottom;
    });
    return seen[0] ? seen : [this.#list.nextElementSibling ?? this.#list];
  }
}

/**
 * Return the box within which a list scrolls.
 *
 * @param {Element} list
 */
function viewOf(list) {
  const scroller = scrollerOf(list);
  return scroller === document.scrollingElement ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
}

/**
 * Return the element that scrolls a list: the page, or a part of it.
 *
 * @param {Element} list
 */
function scrollerOf(list) {
  /** @type {Node | null} */
  let node = list;
  for (; node; node = node.parentNode ?? /** @type {ShadowRoot} */ (node).host) {
    if (!(node instanceof Element) || node === document.body) continue;
    if (/auto|scroll/.test(getComputedStyle(node).overflowY) && node.scrollHeight > node.clientHeight) return node;
  }
  return /** @type {Element} */ (document.scrollingElement);
}
