/** @import { Applied } from "./core/state.js" */
/** @import { BlogView } from "./view/blog-view.js" */
import { BareLiveBlog } from "./core/bare-live-blog.js";
import { changes } from "./transports/changes.js";
import { events } from "./transports/events.js";
import { tabs } from "./transports/tabs.js";
import { parse } from "./transports/transport.js";
import { socketOf } from "./transports/web-socket.js";
import { entryIn, showBlog } from "./view/blog-view.js";
import { hydrate } from "./view/hydrate.js";
import { markupOf, positionAt, styleSheet } from "./view/loading.js";
import { Setting } from "./view/setting.js";

const TRANSPORTS = [socketOf("stoppress.v1+html", parse), events, changes];

/**
 * The life of one blog in one language in an element. It starts and stops as often as the element enters and leaves the
 * document. A stop removes all listeners and timers and closes the connection.
 *
 * @typedef {object} Life
 * @property {BareLiveBlog | null} live the client that follows the blog; null while there is nothing to show
 * @property {() => void} start
 * @property {() => void} stop
 */

/**
 * Create the life of a blog in an element.
 *
 * @param {HTMLElement} element
 * @param {URL} blog the address of its page
 * @returns {Life}
 */
export function lifeOf(element, blog) {
  const { dataset } = element;
  /** @type {BlogView | undefined} */
  let view;
  /** @type {AbortController} */
  let aborter;
  let { title } = document;
  /** Number of the entries that wait. */
  let unread = 0;

  /**
   * Show markup from the server, and make the client that follows it.
   *
   * @param {HTMLElement} own the element that the server has made
   * @param {ShadowRoot | HTMLElement} root where to show its content
   * @param {string | undefined} language
   */
  const show = (own, root, language) => {
    const isPage = own === root;
    const { at, before, lang = "" } = own.dataset;
    /** @type {HTMLTemplateElement | null} */
    const said = own.querySelector("[data-part=said]");
    const address = new URL(blog);
    address.search = `view=html&lang=${lang}`;
    const live = new BareLiveBlog(address, { state: hydrate(own), transports: TRANSPORTS, sharing: tabs });
    /** @type {Iterable<HTMLElement>} */
    const parts = isPage ? [document.documentElement] : own.querySelectorAll("[data-part][lang]");
    const texts = JSON.parse(said?.content.textContent ?? "");
    const setting = new Setting(texts, language, isPage ? blog.pathname : blog.href, isPage ? null : blog, address.search.slice(1));
    if (!isPage) root.replaceChildren(...own.childNodes);
    view = showBlog(root, live, setting, !before, (count) => {
      unread = count;
      if (isPage) nameDocument(live, false);
    });
    life.live = live;
    live.addEventListener("change", (event) => {
      const { header, reset } = /** @type {CustomEvent<Applied>} */ (event).detail;
      if (isPage) nameDocument(live, reset && header);
      if (header && live.state.header) {
        for (const one of parts) [one.lang, one.dir] = [live.state.header.language ?? "", live.state.header.dir ?? ""];
      }
    });
    if (at && !location.hash) void view.goTo(at);
  };

  /**
   * Keep the cursor, address and title of the server's own page in step with the blog.
   *
   * @param {BareLiveBlog} live
   * @param {boolean} reset
   */
  const nameDocument = ({ state: { cursor, header } }, reset) => {
    dataset.cursor = cursor ?? "0";
    if (reset && dataset.before) {
      history.replaceState(history.state, "", blog);
      delete dataset.before;
    }
    if (header) title = header.headline;
    document.title = unread ? `(${unread}) ${title}` : title;
  };

  /** Load the markup and its style sheet. @param {AbortSignal} signal */
  const load = async (signal) => {
    const language = /** @type {HTMLElement | null} */ (element.closest("[lang]"))?.lang;
    const own = await markupOf(blog, language, signal);
    const sheet = own && (await styleSheet(new URL(own.dataset.style ?? "", blog), signal));
    if (!sheet || signal.aborted) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    if (sheet instanceof HTMLElement) own.prepend(sheet);
    else root.adoptedStyleSheets = [sheet];
    if (own.dataset.cursor) show(own, root, language);
    else root.replaceChildren(...own.childNodes);
  };

  /**
   * Go to the entry in the page's address, if it belongs to this blog: the page may have several elements.
   *
   * @param {BlogView} view
   * @param {AbortSignal} signal
   */
  const goToTarget = async (view, signal) => {
    const id = entryIn(location.hash);
    if (!id) return;
    if (view.has(id)) return view.goTo(id);
    const position = await positionAt(blog, id, signal);
    if (!position || signal.aborted) return;
    // The server's own page goes to the page that begins with the entry
    if (dataset.cursor) location.replace(`${blog.href}/entries/${id}${location.hash}`);
    else await view.goTo(id, position);
  };

  /** @type {Life} */
  const life = {
    live: null,
    start: async () => {
      const { signal } = (aborter = new AbortController());
      if (!view) await load(signal);
      if (!view || signal.aborted) return;
      view.start(signal, Boolean(dataset.at || location.hash));
      const go = () => goToTarget(/** @type {BlogView} */ (view), signal);
      addEventListener("hashchange", go, { signal });
      void go();
    },
    stop: () => aborter?.abort(),
  };
  if (dataset.cursor) show(element, element, document.documentElement.lang);
  return life;
}
