/** A reader who has scrolled by at most this much still counts as being at the edge of the list. */
const SLACK_PIXELS = 8;

/** Ways in which readers scroll by themselves. */
const BY_HAND = ["wheel", "touchmove", "pointerdown", "keydown"];

/**
 * The number of times that each scroller was scrolled to keep something in its place. Several elements on a page share
 * a scroller: the first one that corrects it wins, and the others accept that.
 *
 * @type {WeakMap<Element, number>}
 */
const corrections = new WeakMap();

/**
 * A node whose top has to stay where it is. `goal`: the reader has asked for it.
 *
 * @typedef {{node: Element, at: number, goal?: boolean}} Held
 */

/**
 * Keeps what the reader sees of a list of entries where it is, whatever changes around it: entries, pictures that load
 * late, fonts. It measures one node again after each change of a size, and scrolls by the difference. Where it does so,
 * it switches off `overflow-anchor`, which not all browsers have, and which does not know what the reader has asked for.
 */
export class Reading {
  #list;
  /** @type {Held | null} */
  #held = null;
  /** Where the scroller was when `held` was measured. */
  #scrolled = 0;
  /** The value of `corrections` then. */
  #corrected = 0;
  #isByHand = false;

  /**
   * @param {HTMLElement} list of articles
   * @param {import("./blog-view.js").WhileShown} whileShown
   */
  constructor(list, whileShown) {
    this.#list = list;
    whileShown((signal) => {
      const observer = new ResizeObserver(() => this.#keep());
      observer.observe(list);
      for (let node = parentOf(list); node; node = parentOf(node)) {
        for (const one of [node, ...node.children]) observer.observe(one);
      }
      signal.addEventListener("abort", () => {
        observer.disconnect();
        this.#set(null);
      });
      const options = { passive: true, capture: true, signal };
      addEventListener("scroll", () => this.#follow(), options);
      for (const type of BY_HAND) addEventListener(type, () => (this.#isByHand = true), options);
    });
  }

  /**
   * Change the document, and keep what the reader sees where it is.
   *
   * @param {() => void} change
   */
  hold(change) {
    this.#follow(); // the reader may have scrolled in this frame
    const held = this.#held;
    const nodes = held ? [held, ...this.inView.map(heldAt)] : [];
    change();
    const still = nodes.find(({ node }) => isShown(node));
    if (!still) return this.#pick();
    this.#set(still);
    this.#keep();
  }

  /**
   * Change the document where the reader has asked for it, and keep nothing.
   *
   * @param {() => void} change
   */
  release(change) {
    this.#set(null);
    change();
    this.#pick();
  }

  /**
   * Scroll to an article, and keep it there until the reader scrolls.
   *
   * @param {HTMLElement} article
   * @param {number} [at] where its top is to be
   */
  goTo(article, at) {
    const scroller = scrollerOf(this.#list);
    article.scrollIntoView({ behavior: "instant" });
    const margin = parseFloat(getComputedStyle(article).scrollMarginTop) || 0;
    const padding = parseFloat(getComputedStyle(scroller).scrollPaddingTop) || 0;
    this.#set({ node: article, at: at ?? this.view.top + margin + padding, goal: true });
    this.#isByHand = false;
    this.#keep();
  }

  /** Whether the reader is where `goTo` has led, and has done nothing since. */
  get isAtGoal() {
    return this.#held?.goal === true && !this.#isByHand;
  }

  /** The article that the reader reads, and where its top is. */
  get place() {
    const node = this.#held?.node.closest("article");
    return node && { node, at: node.getBoundingClientRect().top };
  }

  /** The box within which the list scrolls. */
  get view() {
    const scroller = scrollerOf(this.#list);
    return scroller === document.scrollingElement ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
  }

  /** The articles in view. */
  get inView() {
    const { top, bottom } = this.view;
    const articles = [...this.#list.querySelectorAll(":scope > article")];
    return /** @type {HTMLElement[]} */ (
      articles.filter((one) => {
        const box = one.getBoundingClientRect();
        return box.height && box.bottom > top && box.top < bottom;
      })
    );
  }

  get isAtPageTop() {
    return scrollerOf(this.#list).scrollTop <= 0;
  }

  /** Whether what is inserted before the first entry moves nothing that is read. */
  get isBefore() {
    return this.isAtPageTop || this.#list.getBoundingClientRect().top >= this.view.bottom;
  }

  /** Whether the reader sees the beginning of the list. */
  get atTop() {
    return this.#list.getBoundingClientRect().top >= this.view.top - SLACK_PIXELS;
  }

  /** Whether the reader sees the end of the list. */
  get atEnd() {
    return this.#list.getBoundingClientRect().bottom <= this.view.bottom + SLACK_PIXELS;
  }

  /** Scroll by as much as something else than the reader has moved what is held. */
  #keep() {
    const held = this.#held;
    if (!held?.node.isConnected) return this.#pick();
    const scroller = scrollerOf(this.#list);
    if (!held.goal && this.#corrected !== correctionsOf(scroller)) return this.#pick();
    const by = scroller.scrollTop - this.#scrolled;
    // A page that has become shorter has scrolled up by itself
    const isClamped = by < 0 && scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
    // A jump leads away from what was held
    if (!isClamped && !held.goal && Math.abs(by) > scroller.clientHeight) return this.#pick();
    if (!isClamped) held.at -= by;
    const moved = topOf(held.node) - held.at;
    if (Math.abs(moved) >= 0.5) {
      scroller.scrollBy({ top: moved, behavior: "instant" });
      corrections.set(scroller, correctionsOf(scroller) + 1);
    }
    this.#corrected = correctionsOf(scroller);
    this.#scrolled = scroller.scrollTop;
    // At the end of the page, only a goal is still to be reached, when the page becomes longer
    if (!held.goal && Math.abs(topOf(held.node) - held.at) >= 1) held.at = topOf(held.node);
  }

  /** Hold what is in view after the reader has scrolled. */
  #follow() {
    const by = scrollerOf(this.#list).scrollTop - this.#scrolled;
    if (this.#held && Math.abs(by) < 1) return this.#keep();
    if (this.#held?.goal && !this.#isByHand && document.readyState !== "complete") {
      this.#held.at += by; // the browser restores its own idea of the place
      return this.#keep();
    }
    if (!this.#held?.goal) this.#keep();
    this.#pick();
  }

  /** Choose what to hold: nothing at the top of the page, where the reader is to see what is new. */
  #pick() {
    const { top, bottom } = this.view;
    const [first, second] = this.inView;
    if (!first || this.isAtPageTop) return this.#set(null);
    // Take the next article if it begins in the upper half: late pictures at the end of the first one must not move it
    const next = second && topOf(second) < (top + bottom) / 2 ? second : null;
    this.#set(heldAt(topOf(first) >= top ? first : (next ?? firstIn(first, top, bottom) ?? first)));
  }

  /** @param {Held | null} held */
  #set(held) {
    const scroller = scrollerOf(this.#list);
    // On the document element, it has no effect in Chromium
    const content = /** @type {HTMLElement} */ (scroller === document.scrollingElement ? document.body : scroller);
    // Another element on the page may have set it
    if (held || this.#held) content.style.overflowAnchor = held ? "none" : "";
    this.#held = held;
    this.#corrected = correctionsOf(scroller);
    this.#scrolled = scroller.scrollTop;
  }
}

/**
 * Return the first element in a node that begins in view or, without one, the last that reaches into it.
 *
 * @param {Element} node
 * @param {number} top
 * @param {number} bottom of the view
 * @returns {Element | null}
 */
function firstIn(node, top, bottom) {
  let last = null;
  for (const child of node.children) {
    const box = child.getBoundingClientRect();
    if (!box.height || box.bottom <= top + 1 || box.top >= bottom) continue;
    if (box.top >= top) return child;
    const found = firstIn(child, top, bottom);
    if (found && topOf(found) >= top) return found;
    last = found ?? child;
  }
  return last;
}

/** @param {Element} scroller */
function correctionsOf(scroller) {
  return corrections.get(scroller) ?? 0;
}

/** @param {Element} node */
function topOf(node) {
  return node.getBoundingClientRect().top;
}

/** @param {Element} node @returns {Held} */
function heldAt(node) {
  return { node, at: topOf(node) };
}

/** Return whether an element is shown. Safari before 17.4 has no `checkVisibility`. @param {Element} element */
export function isShown(element) {
  return element.checkVisibility?.() ?? element.getClientRects().length > 0;
}

/**
 * Return what an element is shown in: its slot, its parent, or the host of its shadow root.
 *
 * @param {Element} element
 * @returns {Element | null}
 */
function parentOf(element) {
  return element.assignedSlot ?? element.parentElement ?? /** @type {ShadowRoot} */ (element.getRootNode()).host ?? null;
}

/**
 * Return the element that scrolls a list: the page, or a part of it.
 *
 * @param {Element} list
 */
function scrollerOf(list) {
  for (let node = /** @type {Element | null} */ (list); node; node = parentOf(node)) {
    // The page takes over how its body scrolls, unless it says that itself
    if (node === document.body && getComputedStyle(document.documentElement).overflowY === "visible") continue;
    if (/auto|scroll/.test(getComputedStyle(node).overflowY) && node.scrollHeight > node.clientHeight) return node;
  }
  return /** @type {Element} */ (document.scrollingElement);
}
