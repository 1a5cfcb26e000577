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
import { markupOf, mayHave, styleSheet } from "./view/loading.js";
import { Setting } from "./view/setting.js";

/** How many older pages an element loads to reach an entry that the address names. */
const MOST_PAGES = 10;

const TRANSPORTS = [socketOf("stoppress.v1+html", parse), events, changes];

/**
 * One blog in one language, as an element shows it. It may be started and stopped as often as the element comes and
 * goes: what it listens to, waits for and is connected to ends with each stop.
 *
 * @typedef {object} Life
 * @property {BareLiveBlog | null} live the blog as it is followed; null as long as there is nothing to show
 * @property {() => void} start
 * @property {() => void} stop
 */

/**
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

  /**
   * @param {HTMLElement} own what the server has made
   * @param {ShadowRoot | HTMLElement} root where it is shown
   * @param {string | undefined} language that it speaks
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
    const setting = new Setting(texts, language, isPage ? blog.pathname : blog.href, isPage ? null : blog);
    if (!isPage) root.replaceChildren(...own.childNodes);
    view = showBlog(root, live, setting, !before);
    life.live = live;
    live.addEventListener("change", (event) => {
      const { header, reset } = /** @type {CustomEvent<Applied>} */ (event).detail;
      if (isPage) nameDocument(live, reset);
      if (header && live.state.header) {
        for (const one of parts) [one.lang, one.dir] = [live.state.header.language ?? "", live.state.header.dir ?? ""];
      }
    });
    if (at && !location.hash) void view.goTo(at);
  };

  /**
   * The document around the server's markup goes with the blog.
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
    if (header) document.title = header.headline;
  };

  /** Load what there is to show. @param {AbortSignal} signal */
  const load = async (signal) => {
    const language = /** @type {HTMLElement | null} */ (element.closest("[lang]"))?.lang;
    const own = await markupOf(blog, language, signal);
    const sheet = own && (await styleSheet(new URL(own.dataset.style ?? "", blog), signal));
    if (!sheet || signal.aborted) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    if (own.dataset.cursor) show(own, root, language);
    else root.replaceChildren(...own.childNodes);
  };

  /**
   * To the entry that the address names, if it is of this blog: there may be others on the page.
   *
   * @param {BlogView} view
   * @param {AbortSignal} signal
   */
  const arrive = async (view, signal) => {
    const id = entryIn(location.hash);
    if (!id) return;
    if (view.has(id)) return view.goTo(id);
    if (!(await mayHave(blog, id, signal)) || signal.aborted) return;
    // A page of the server is followed by another one, which begins with the entry
    if (dataset.cursor) location.replace(`${blog.href}/entries/${id}${location.hash}`);
    else await view.goTo(id, MOST_PAGES);
  };

  /** @type {Life} */
  const life = {
    live: null,
    start: async () => {
      const { signal } = (aborter = new AbortController());
      if (!view) await load(signal);
      if (!view || signal.aborted) return;
      view.start(signal);
      const go = () => arrive(/** @type {BlogView} */ (view), signal);
      addEventListener("hashchange", go, { signal });
      void go();
    },
    stop: () => aborter?.abort(),
  };
  if (dataset.cursor) show(element, element, document.documentElement.lang);
  return life;
}
