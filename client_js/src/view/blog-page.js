/** @import { BlogStatus, Header } from "../core/messages.js" */
/** @import { Phase } from "../core/connection.js" */
/** @import { PhaseDetail } from "../core/live-blog.js" */
/** @import { Applied } from "../core/state.js" */
import { LiveBlog } from "../core/live-blog.js";
import { element } from "./elements.js";
import { entryElement } from "./entry.js";
import { pagesElement, pinnedElement, relatedElement, statusLine, titleElement } from "./header.js";
import { hydrate, placeOfArticle } from "./hydrate.js";
import { directionOf } from "./languages.js";
import { comparePlaces, placeOf } from "../core/place.js";
import { localise } from "./times.js";

/** The page of a blog as the server made it, kept up to date. The markup is that of `templates/blog.html`. */
export class BlogPage {
  #container;
  #blog;
  #state;
  #live;
  /** @type {BlogStatus} */
  #status;
  /** @type {Phase} */
  #phase = "stopped";
  #newest;
  #day = new Date().toDateString();

  /** @param {HTMLElement} container the element with `data-blog` and `data-cursor` */
  constructor(container) {
    this.#container = container;
    this.#blog = container.dataset.blog ?? "";
    this.#newest = "newest" in container.dataset;
    this.#state = hydrate(container, new URL(location.href));
    this.#status = /** @type {BlogStatus} */ (this.#part("status").dataset.status);
    this.#live = new LiveBlog(`/blogs/${this.#blog}`, { state: this.#state });
    this.#live.addEventListener("change", (event) => this.#show(/** @type {CustomEvent<Applied>} */ (event).detail));
    this.#live.addEventListener("phase", (event) => {
      this.#showPhase(/** @type {CustomEvent<PhaseDetail>} */ (event).detail.phase);
    });
  }

  /** Show local times and follow the blog, for as long as the page is open. */
  start() {
    this.#localise(document);
    this.#goTo(this.#container.dataset.at);
    this.#live.start();
    // A page with an open connection is not kept for the back button: let go of it, and catch up on return
    addEventListener("pagehide", () => this.#live.stop());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#live.start());
    addEventListener("online", () => this.#live.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#live.hurry());
  }

  /** @param {string | undefined} id of the entry that this page's address names */
  #goTo(id) {
    if (id && !location.hash) document.getElementById(`entry-${id}`)?.scrollIntoView();
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#container.querySelector(`[data-part="${name}"]`));
  }

  /**
   * Everything at once, in one task: what is on the screen is never between two cursors.
   *
   * @param {Applied} outcome
   */
  #show({ changed, header, reset }) {
    if (reset) this.#becomeNewest();
    for (const id of changed) this.#showEntry(id, !reset);
    this.#showEmptiness();
    if (header && this.#state.header) this.#showHeader(this.#state.header);
    this.#showPinned(changed, reset);
    this.#container.dataset.cursor = this.#state.cursor ?? "0";
    this.#showNewDay();
  }

  /** A reset brings the newest entries, whichever page this was. */
  #becomeNewest() {
    if (!this.#newest) history.replaceState(history.state, "", `/blogs/${this.#blog}`);
    this.#newest = true;
    this.#container.dataset.newest = "";
    this.#fill("pages", pagesElement(this.#blog, this.#state.older, true));
  }

  /**
   * @param {string} id
   * @param {boolean} announce
   */
  #showEntry(id, announce) {
    const old = document.getElementById(`entry-${id}`);
    const entry = this.#state.entry(id);
    if (!entry) {
      old?.remove();
      return;
    }
    const article = entryElement(entry, this.#blog);
    this.#localise(article);
    if (old && comparePlaces(placeOfArticle(old), placeOf(entry)) === 0) {
      const focused = old.contains(document.activeElement);
      old.replaceWith(article);
      if (focused) article.querySelector("a")?.focus({ preventScroll: true });
      return;
    }
    old?.remove();
    this.#insert(article);
    if (announce && !old) highlight(article);
  }

  /** @param {HTMLElement} article */
  #insert(article) {
    const place = placeOfArticle(article);
    const older = this.#articles().find((other) => comparePlaces(placeOfArticle(other), place) < 0);
    this.#part("entries").insertBefore(article, older ?? null);
  }

  #articles() {
    return /** @type {HTMLElement[]} */ ([...this.#part("entries").children].filter((one) => one.matches("article")));
  }

  #showEmptiness() {
    const entries = this.#part("entries");
    const notice = entries.querySelector(":scope > .empty");
    if (this.#articles().length) notice?.remove();
    else if (!notice) entries.append(element("p", { class: "empty" }, "No updates yet"));
  }

  /** @param {Header} header */
  #showHeader(header) {
    document.title = header.headline;
    document.documentElement.lang = header.language ?? "en";
    document.documentElement.dir = directionOf(header.language);
    this.#fill("title", titleElement(header));
    this.#fill("related", relatedElement(header));
    this.#status = header.status;
    this.#showStatus();
  }

  /**
   * @param {string[]} changed
   * @param {boolean} reset
   */
  #showPinned(changed, reset) {
    const { header } = this.#state;
    const part = this.#part("pinned");
    const shown = part.querySelector("aside")?.dataset.entry;
    const pinned = header ? header.pinned : shown;
    if (!this.#newest || (pinned === shown && !reset && !(pinned && changed.includes(pinned)))) return;
    this.#fill("pinned", pinned ? this.#pinnedElement(pinned) : null);
  }

  /** @param {string} id */
  #pinnedElement(id) {
    const entry = this.#state.find(id);
    if (entry?.status === "retracted") return null;
    const elsewhere = this.#state.entry(id) ? "" : `/blogs/${this.#blog}/entries/${id}`;
    return pinnedElement(entry ?? { id }, `${elsewhere}#entry-${id}`);
  }

  /** @param {Phase} phase */
  #showPhase(phase) {
    this.#phase = phase;
    this.#showStatus();
  }

  #showStatus() {
    const [word, text] = statusLine(this.#status, this.#phase);
    const line = this.#part("status");
    if (line.textContent === text) return; // saying it again would be read out again
    line.dataset.status = word;
    line.textContent = text;
  }

  /**
   * @param {string} name
   * @param {Element | null} content
   */
  #fill(name, content) {
    const part = this.#part(name);
    part.replaceChildren(...(content ? [content] : []));
    this.#localise(part);
  }

  /** At midnight, "14:02" becomes yesterday's. */
  #showNewDay() {
    const day = new Date().toDateString();
    if (day !== this.#day) this.#localise(document);
    this.#day = day;
  }

  /** @param {ParentNode} root */
  #localise(root) {
    localise(root, document.documentElement.lang);
  }
}

/**
 * Draw the eye to what has just come in. It leaves no trace in the document.
 *
 * @param {HTMLElement} article
 */
function highlight(article) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  article.animate([{ backgroundColor: "var(--fresh)" }, { backgroundColor: "transparent" }], {
    duration: 2500,
    easing: "ease-out",
  });
}
