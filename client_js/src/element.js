/** @import { Applied } from "./core/state.js" */
import { LiveBlog } from "./core/live-blog.js";
import { addTexts, textsOf } from "./texts.js";
import { BlogView } from "./view/blog-view.js";
import { hydrate } from "./view/hydrate.js";
import { directionOf, markLanguage } from "./view/languages.js";
import { skeleton } from "./view/skeleton.js";
import { styleSheet } from "./view/style-sheet.js";

/**
 * `<live-blog src="https://host/blogs/NAME">`: shows a blog and keeps it up to date, as long as it is in a document.
 *
 * With the server's markup in it, it takes that over; else it makes the same in a shadow root of its own, with slots
 * named `masthead`, `related` and `footer`. The attribute `lang` says in which language it speaks.
 */
export class LiveBlogElement extends HTMLElement {
  /** The blog as it is followed; null before the element is in a document. @type {LiveBlog | null} */
  live = null;

  /** Whether there is something that shows the blog. */
  #isReady = false;

  connectedCallback() {
    if (this.live) this.#follow();
    else if (this.querySelector("[data-part]")) void this.#takeOver();
    else void this.#make();
  }

  disconnectedCallback() {
    this.live?.stop();
  }

  /** The address of the blog's page. */
  get src() {
    return new URL(this.getAttribute("src") ?? "", document.baseURI).href;
  }

  async #takeOver() {
    const { lang } = document.documentElement;
    const newest = "newest" in this.dataset;
    const live = (this.live = new LiveBlog(this.src, { state: hydrate(this, new URL(location.href)) }));
    const setting = { texts: await textsOf(lang), blog: this.getAttribute("src") ?? "" };
    const view = new BlogView(this, live, setting, { language: lang, newest });
    view.start();
    live.addEventListener("change", (event) => this.#nameDocument(/** @type {CustomEvent<Applied>} */ (event).detail));
    this.#isReady = true;
    this.#follow();
    void this.#arrive(view, `${this.getAttribute("src")}/entries/`);
  }

  async #make() {
    const language = this.closest("[lang]")?.getAttribute("lang") ?? undefined;
    const live = (this.live = new LiveBlog(this.src));
    const root = this.attachShadow({ mode: "open" });
    const [texts, sheet] = await Promise.all([textsOf(language), styleSheet()]);
    const setting = { texts, blog: this.src };
    root.adoptedStyleSheets = [sheet];
    root.append(...skeleton(setting));
    const view = new BlogView(root, live, setting, { language, newest: true });
    view.start();
    live.addEventListener("change", () => markLanguage(root, live.state.header?.language));
    live.addEventListener("change", () => void this.#arrive(view), { once: true });
    this.#isReady = true;
    this.#follow();
  }

  /** It may be taken out of the document, or to another place in it, while it is made ready. */
  #follow() {
    if (this.#isReady && this.isConnected) this.live?.start();
  }

  /**
   * To the entry that the address names, now and when it changes.
   *
   * @param {BlogView} view
   * @param {string} [page] where the server finds an entry that is not on this page
   */
  async #arrive(view, page) {
    const go = async () => {
      const id = /^#entry-([\w-]+)$/.exec(location.hash)?.[1];
      if (id && !(await view.goTo(id, page ? 0 : 10)) && page) location.replace(`${page}${id}${location.hash}`);
    };
    addEventListener("hashchange", () => void go());
    const { at } = this.dataset;
    if (at && !location.hash) await view.goTo(at);
    else await go();
  }

  /**
   * The document around the server's markup goes with the blog.
   *
   * @param {Applied} outcome
   */
  #nameDocument({ header, reset }) {
    const { state } = /** @type {LiveBlog} */ (this.live);
    this.dataset.cursor = state.cursor ?? "0";
    if (reset && !("newest" in this.dataset)) {
      history.replaceState(history.state, "", this.src);
      this.dataset.newest = "";
    }
    if (!header || !state.header) return;
    document.title = state.header.headline;
    document.documentElement.lang = state.header.language ?? "en";
    document.documentElement.dir = directionOf(state.header.language);
  }
}

if (!customElements.get("live-blog")) customElements.define("live-blog", LiveBlogElement);

export { addTexts };
