/** @import { BlogView } from "./view/blog-view.js" */
/** @import { TokenDetail } from "./types.js" */
/** @import { Access } from "./view/loading.js" */
import { BareLiveBlog } from "./core/bare-live-blog.js";
import { changes } from "./transports/changes.js";
import { events } from "./transports/events.js";
import { tabs } from "./transports/tabs.js";
import { socketOf } from "./transports/web-socket.js";
import { entryIn, showBlog } from "./view/blog-view.js";
import { hydrate } from "./view/hydrate.js";
import { markupOf, positionAt, styleSheet } from "./view/loading.js";
import { parseAndAnswer } from "./view/painted.js";
import { Setting } from "./view/setting.js";

const TRANSPORTS = [socketOf("stoppress.v1+html", parseAndAnswer), events, changes];

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
  /** @type {AbortController | undefined} */
  let aborter;
  /** @type {Access} */
  const access = { token: null, renew: async () => (access.token = await askForToken(element)) };

  /**
   * Show markup from the server, and make the client that follows it.
   *
   * @param {HTMLElement} own the element that the server has made
   * @param {ShadowRoot | HTMLElement} root where to show its content
   */
  const show = (own, root) => {
    const { at, before, lang = "" } = own.dataset;
    /** @type {HTMLTemplateElement | null} */
    const said = own.querySelector("[data-part=said]");
    const address = new URL(blog);
    address.search = `view=html&lang=${lang}`;
    const live = new BareLiveBlog(address, { state: hydrate(own), transports: TRANSPORTS, sharing: tabs, token: access.renew });
    live.token = access.token;
    /** @type {NodeListOf<HTMLElement>} */
    const parts = own.querySelectorAll("[data-part][lang]");
    const texts = JSON.parse(said?.content.textContent ?? "");
    const token = () => access.token ?? (own === root ? tokenIn(location) : null);
    const setting = new Setting(texts, languageOf(element), blog, address.search.slice(1), token);
    setting.timeZone = () => (live.state.header ? live.state.header.timezone : own.dataset.timezone);
    if (own !== root) root.replaceChildren(...own.childNodes);
    view = showBlog(root, live, setting, !before, (count) => tell("unread", { count }));
    life.live = live;
    live.addEventListener("change", ({ detail }) => {
      const { cursor, header } = live.state;
      if (own === root) dataset.cursor = cursor ?? "0";
      const { language = "", dir = "" } = header ?? {};
      if (detail.header && header) for (const one of parts) Object.assign(one, { lang: language, dir });
    });
    for (const name of /** @type {const} */ (["change", "phase"])) {
      live.addEventListener(name, ({ detail }) => tell(name, detail));
    }
    if (at && !location.hash) void view.goTo(at);
  };

  /** Dispatch an event of the element; return whether nobody has prevented its default.
   * @param {string} name @param {object} detail */
  const tell = (name, detail) => element.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));

  /** Load the markup and its style sheet. @param {AbortSignal} signal */
  const load = async (signal) => {
    const own = await markupOf(blog, languageOf(element), access, signal);
    if (typeof own === "number") return void tell("phase", { phase: "refused", code: own });
    const sheet = own && (await styleSheet(new URL(own.dataset.style ?? "", blog), element.ownerDocument, signal));
    if (!sheet || signal.aborted) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    if ("cssRules" in sheet) root.adoptedStyleSheets = [sheet];
    else own.prepend(sheet);
    if (own.dataset.cursor) show(own, root);
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
    const position = await positionAt(blog, id, access.token, signal);
    if (signal.aborted || id !== entryIn(location.hash)) return;
    const exists = position === undefined ? undefined : position !== null;
    if (tell("missing", { id, exists }) && position) await view.goTo(id, position);
  };

  /** @type {Life} */
  const life = {
    live: null,
    start: async () => {
      if (aborter?.signal.aborted === false) return;
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
  if (dataset.cursor) show(element, element);
  return life;
}

/**
 * Return the token in the address of the server's own page.
 *
 * @param {Location} page
 */
const tokenIn = ({ search }) => new URLSearchParams(search).get("token");

/**
 * Ask the page for a token, with an event whose listeners may provide one.
 *
 * @param {HTMLElement} element
 * @returns {Promise<string | null>} null if there is none
 */
async function askForToken(element) {
  /** @type {Parameters<TokenDetail["provide"]>[0]} */
  let given;
  const detail = { provide: (/** @type {typeof given} */ token) => void (given = token) };
  element.dispatchEvent(new CustomEvent("token", { detail }));
  return (await given) || null;
}

/**
 * Return the language of an element: its own, or that of what is around it, also outside of shadow roots.
 *
 * @param {Element | undefined} element
 * @returns {string | undefined}
 */
function languageOf(element) {
  /** @type {HTMLElement | null | undefined} */
  const own = element?.closest("[lang]");
  return own || !element ? own?.lang : languageOf(/** @type {ShadowRoot} */ (element.getRootNode()).host);
}
