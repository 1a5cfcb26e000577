/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { Texts } from "../texts.js" */
/** @import { Feed } from "./feed.js" */
import { focusedBy } from "./focus.js";

/** How many pages come by scrolling alone, before the reader is asked: what is below them wants to be reached too. */
const BY_SCROLLING = 3;

/** How far ahead of the end a page is asked for. */
const AHEAD = "600px";

/** Loads older entries, in the place of the link to their page. */
export class Older {
  #part;
  #live;
  #texts;
  #observer;
  #left = BY_SCROLLING;
  #loading = false;

  /**
   * @param {HTMLElement} part with the links to other pages
   * @param {Feed} feed
   * @param {LiveBlog} live
   * @param {Texts} texts
   */
  constructor(part, feed, live, texts) {
    this.#part = part;
    this.#live = live;
    this.#texts = texts;
    part.addEventListener("click", (event) => {
      const link = /** @type {HTMLElement} */ (event.target).closest("a[rel=next]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || live.state.older === null) return;
      event.preventDefault();
      this.#left = BY_SCROLLING;
      void this.#ask(feed);
    });
    // Who has the focus on the link asks by it: it does not go away meanwhile
    const isFocused = () => part.contains(focusedBy(part));
    this.#observer = new IntersectionObserver(
      (seen) => {
        if (scrollY > 0 && this.#left > 0 && !isFocused() && seen.at(-1)?.isIntersecting) {
          this.#left -= 1;
          void this.load().then(() => isFocused() && part.scrollIntoView({ block: "nearest" }));
        }
      },
      { rootMargin: AHEAD },
    );
    this.#observer.observe(part);
  }

  /**
   * Who asked by a click goes on where the new entries begin.
   *
   * @param {Feed} feed
   */
  async #ask(feed) {
    const edge = feed.articles.at(feed.newestFirst ? -1 : 0);
    if (!(await this.load())) return;
    const next = feed.newestFirst ? edge?.nextElementSibling : edge?.previousElementSibling;
    /** @type {HTMLElement | null | undefined} */ (next)?.focus({ preventScroll: true });
  }

  /** @returns {Promise<boolean>} whether there are more entries than before */
  async load() {
    if (this.#loading || this.#live.state.older === null) return false;
    this.#loading = true;
    this.#say(this.#texts.loading);
    const came = await this.#live.loadOlder().catch(() => false);
    this.#loading = false;
    if (!came) this.#say(this.#texts.load_failed);
    // The end may be in view again, or still
    this.#observer.unobserve(this.#part);
    this.#observer.observe(this.#part);
    return came;
  }

  /** @param {string} text */
  #say(text) {
    const link = this.#part.querySelector("a[rel=next]");
    if (link) link.textContent = text;
  }
}
