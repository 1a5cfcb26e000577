/** How far the beginning of the entries may have gone out of sight, in CSS pixels, for the reader to be still there. */
const SLACK = 8;

/** Where somebody reads: what is in view of a list of entries, and how to keep it there. */
export class Reading {
  #list;
  /** What could not be scrolled, as positions are whole device pixels; made up for the next time. */
  #rest = 0;
  #top = 0;

  /** @param {HTMLElement} list of articles */
  constructor(list) {
    this.#list = list;
  }

  /**
   * Change the document around what is being read, which stays where it is. Somebody at the top of the page sees the
   * change.
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

  /** Whether the reader sees the beginning of the list, so that what is put there is noticed. */
  get atTop() {
    return this.#list.getBoundingClientRect().top >= viewOf(this.#list).top - SLACK;
  }

  /** Whether the reader sees the end of the list. */
  get atEnd() {
    return this.#list.getBoundingClientRect().bottom <= viewOf(this.#list).bottom + SLACK;
  }

  /** What may not move: the beginning of the list for those who see it, else the articles in view, or what follows. */
  #inView() {
    if (this.atTop) return [this.#list];
    const { top, bottom } = viewOf(this.#list);
    const seen = [...this.#list.children].filter((one) => {
      const place = one.getBoundingClientRect();
      return place.bottom > top && place.top < bottom;
    });
    return seen[0] ? seen : [this.#list.nextElementSibling ?? this.#list];
  }
}

/**
 * What is seen of the part of the page that a list scrolls with.
 *
 * @param {Element} list
 */
function viewOf(list) {
  const scroller = scrollerOf(list);
  return scroller === document.scrollingElement ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
}

/**
 * The page, or a part of it that scrolls by itself.
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
