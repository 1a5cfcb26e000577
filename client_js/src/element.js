/** @import { Applied } from "./core/state.js" */
import { LiveBlog } from "./core/live-blog.js";
import { showBlog } from "./view/blog-view.js";
import { hydrate } from "./view/hydrate.js";
import { setLanguage } from "./view/languages.js";
import { Macros } from "./view/macros.js";
import { markupOf, styleSheet } from "./view/markup.js";

/**
 * `<live-blog src="https://host/blogs/NAME">`: shows a blog and keeps it up to date, as long as it is in a document.
 *
 * With the server's markup in it, it takes that over; else it asks the server for the same and puts it into a shadow
 * root of its own, with slots named `masthead`, `related` and `footer`. The attribute `lang` says in which language it
 * speaks.
 */
export class LiveBlogElement extends HTMLElement {
  /** The blog as it is followed; null as long as there is nothing to show. @type {LiveBlog | null} */
  live = null;

  #loading = false;

  connectedCallback() {
    if (this.live) this.live.start();
    else if (this.dataset.cursor) this.#show(this, this, document.documentElement.lang);
    else if (!this.#loading && !this.shadowRoot) void this.#load();
  }

  disconnectedCallback() {
    this.live?.stop();
  }

  /** The address of the blog's page. */
  get src() {
    return new URL(this.getAttribute("src") ?? "", document.baseURI).href;
  }

  async #load() {
    this.#loading = true;
    const language = /** @type {HTMLElement | null} */ (this.closest("[lang]"))?.lang;
    const own = await markupOf(this.src, language, () => this.isConnected);
    const sheet = own && (await styleSheet(new URL(own.dataset.style ?? "", this.src)));
    this.#loading = false;
    if (!sheet) return;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    if (own.dataset.cursor) this.#show(own, root, language);
    else root.append(...own.childNodes);
  }

  /**
   * @param {HTMLElement} own what the server has made
   * @param {ShadowRoot | HTMLElement} root where it is shown
   * @param {string | undefined} language that it speaks
   */
  #show(own, root, language) {
    const isPage = root === this;
    /** @type {HTMLTemplateElement | null} */
    const told = own.querySelector("[data-part=macros]"); // a publisher may have templates of another kind
    const setting = JSON.parse(told?.content.textContent ?? "");
    const live = (this.live = new LiveBlog(this.src, { state: hydrate(own) }));
    /** @type {NodeListOf<HTMLElement>} */
    const parts = own.querySelectorAll("[data-part][lang]");
    if (!isPage) root.append(...own.childNodes);
    const macros = new Macros(setting, own.getAttribute("src") ?? "", language);
    const goTo = showBlog(root, live, macros, !own.dataset.before);
    live.addEventListener("change", (event) => {
      const { header, reset } = /** @type {CustomEvent<Applied>} */ (event).detail;
      if (isPage) this.#nameDocument(reset);
      if (header) setLanguage(isPage ? [document.documentElement] : parts, live.state.header?.language);
    });
    if (this.isConnected) live.start();
    void this.#arrive(goTo, own.dataset.at, isPage);
  }

  /**
   * To the entry that the address names, now and when it changes.
   *
   * @param {(id: string, pages: number) => Promise<boolean>} goTo
   * @param {string | undefined} at the entry that the page is about
   * @param {boolean} isPage whether the server finds an entry that is not here
   */
  async #arrive(goTo, at, isPage) {
    const go = async () => {
      const id = /^#entry-([\w-]+)$/.exec(location.hash)?.[1];
      if (id && !(await goTo(id, isPage ? 0 : 10)) && isPage) {
        location.replace(`${this.src}/entries/${id}${location.hash}`);
      }
    };
    addEventListener("hashchange", go);
    if (at && !location.hash) await goTo(at, 0);
    else await go();
  }

  /**
   * The document around the server's markup goes with the blog.
   *
   * @param {boolean} reset
   */
  #nameDocument(reset) {
    const { cursor, header } = /** @type {LiveBlog} */ (this.live).state;
    this.dataset.cursor = cursor ?? "0";
    if (reset && this.dataset.before) {
      history.replaceState(history.state, "", this.src);
      delete this.dataset.before;
    }
    if (header) document.title = header.headline;
  }
}

if (!customElements.get("live-blog")) customElements.define("live-blog", LiveBlogElement);
