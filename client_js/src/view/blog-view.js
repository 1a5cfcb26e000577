/** @import { Header } from "../core/messages.js" */
/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { Applied } from "../core/state.js" */
/** @import { Setting } from "./entry.js" */
/** @import { Choices } from "./tools.js" */
import { comparePlaces, placeOf } from "../core/place.js";
import { countText } from "../texts.js";
import { Announcer } from "./announcer.js";
import { element } from "./elements.js";
import { learnSites, openEmbed } from "./embeds.js";
import { entryElement } from "./entry.js";
import { Feed } from "./feed.js";
import { keepFocus } from "./focus.js";
import { pagesElement, pinnedElement, relatedElement, titleElement } from "./header.js";
import { keyEventsElement } from "./key-events.js";
import { Older } from "./older.js";
import { Reading } from "./reading.js";
import { Status } from "./status.js";
import { localise, usable } from "./times.js";
import { rememberedChoices, toolsElement } from "./tools.js";
import { Visits } from "./visits.js";

/**
 * Shows a blog in the parts of a container, as they are in `templates/blog.html`, and keeps them up to date. New
 * entries wait behind a button while the reader is busy with others; whatever else changes is shown at once.
 */
export class BlogView {
  #container;
  #live;
  /** @type {Setting} */
  #setting;
  #language;
  #feed;
  #reading;
  #announcer;
  #status;
  #older;
  #visits;
  /** @type {Choices} */
  #choices = rememberedChoices();
  /** The ids of new entries that wait behind the button. @type {Set<string>} */
  #waiting = new Set();
  /** The ids of entries with an embed that is a plain link until it is known what its site shows. @type {Set<string>} */
  #undressed = new Set();
  #newest;
  #day = new Date().toDateString();

  /**
   * @param {ParentNode} container
   * @param {LiveBlog} live
   * @param {Setting} setting
   * @param {{language: string | undefined, newest: boolean}} page in which language, and whether it is the newest page
   */
  constructor(container, live, setting, { language, newest }) {
    this.#container = container;
    this.#live = live;
    this.#setting = setting;
    this.#newest = newest;
    this.#language = usable(language);
    const { texts } = setting;
    const list = this.#part("entries");
    this.#feed = new Feed(list);
    this.#reading = new Reading(list);
    this.#announcer = new Announcer(this.#part("announcer"), texts, this.#language);
    this.#status = new Status(this.#part("status"), live, texts, this.#language);
    this.#older = new Older(this.#part("pages"), this.#feed, live, texts);
    this.#visits = new Visits(setting.blog, this.#feed, texts.visited);
  }

  /** Make it the reader's own, and follow the blog. */
  start() {
    const tools = toolsElement(this.#choices, this.#setting.texts, (changed) => this.#choose(changed));
    this.#part("tools").replaceChildren(tools);
    this.#choose("announce");
    if (this.#choices.order === "oldest") this.#choose("order");
    this.#arrange();
    this.#localise(this.#container);
    this.#part("entries").addEventListener("click", openEmbed);
    const reveal = () => keepFocus(this.#part("entries"), () => this.#reveal());
    addEventListener("scroll", () => this.#waiting.size && this.#sees && reveal(), { passive: true, capture: true });
    this.#live.addEventListener("change", (event) => this.#show(/** @type {CustomEvent<Applied>} */ (event).detail));
  }

  /**
   * Bring an entry into view, also if it waits or has to be loaded.
   *
   * @param {string} id
   * @param {number} [pages] how many older ones to load for it at most
   * @returns {Promise<boolean>} whether it is there
   */
  async goTo(id, pages = 10) {
    if (this.#waiting.has(id)) this.#reveal();
    while (pages-- > 0 && !this.#feed.article(id) && (await this.#older.load()));
    const article = this.#feed.article(id);
    article?.scrollIntoView();
    article?.focus({ preventScroll: true });
    return article !== null;
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#container.querySelector(`[data-part="${name}"]`));
  }

  /** Whether the reader sees where new entries come in, and wants to. */
  get #sees() {
    return !this.#choices.paused && (this.#feed.newestFirst ? this.#reading.atTop : this.#reading.atEnd);
  }

  /**
   * Everything at once, in one task: what is on the screen is never between two cursors.
   *
   * @param {Applied} outcome
   */
  #show({ changed, header, reset }) {
    this.#change(() => {
      if (reset) this.#newest = true;
      this.#showEntries(changed, reset);
      if (header && this.#live.state.header) this.#showHeader(this.#live.state.header);
      this.#showPinned(changed, reset);
      if (this.#newest) this.#showKeyEvents(changed);
      this.#fill("pages", pagesElement(this.#olderPage, this.#newest, this.#setting));
    });
    this.#showNewDay();
  }

  /**
   * What the reader is at, with the eyes or by keyboard, stays.
   *
   * @param {() => void} change
   */
  #change(change) {
    const whole = () => {
      change();
      this.#arrange();
    };
    keepFocus(this.#part("entries"), () => this.#reading.hold(whole));
  }

  get #olderPage() {
    return this.#live.state.older?.replace(/.*\/entries\?/, `${this.#setting.blog}?`) ?? null;
  }

  /**
   * @param {string[]} changed
   * @param {boolean} reset
   */
  #showEntries(changed, reset) {
    const { state } = this.#live;
    const { newest } = this.#feed;
    const sees = reset || this.#sees || (newest === null && !this.#choices.paused);
    for (const id of changed) {
      const entry = state.entry(id);
      const isNew = entry && !this.#feed.article(id) && (newest === null || comparePlaces(placeOf(entry), newest) > 0);
      if (entry && !reset) this.#tell(id, Boolean(isNew));
      if (isNew && !sees) this.#waiting.add(id);
      else if (entry && !this.#waiting.has(id)) this.#put(id, Boolean(isNew) && !reset);
      else if (!entry) this.#forget(id);
    }
    if (reset) this.#waiting.clear();
  }

  /** @param {string} id */
  #forget(id) {
    this.#waiting.delete(id);
    this.#feed.article(id)?.remove();
  }

  /**
   * @param {string} id
   * @param {boolean} isNew
   */
  #tell(id, isNew) {
    const entry = this.#live.state.entry(id);
    if (entry && (isNew || this.#feed.article(id))) this.#announcer.entry(entry, isNew && !this.#waiting.has(id));
  }

  /**
   * @param {string} id
   * @param {boolean} fresh whether to draw the eye to it
   */
  #put(id, fresh) {
    const entry = this.#live.state.entry(id);
    if (!entry) return null;
    const made = entryElement(entry, this.#setting);
    this.#localise(made);
    const article = this.#feed.put(entry, made);
    if (fresh) highlight(article);
    if (made.querySelector("figure.embed")) void this.#dress(id);
    return article;
  }

  /** @param {string} id */
  async #dress(id) {
    const learning = learnSites();
    if (!learning) return; // it is dressed
    this.#undressed.add(id);
    if (!(await learning) || !this.#undressed.size) return;
    const ids = [...this.#undressed].filter((one) => this.#feed.article(one));
    this.#undressed.clear();
    this.#change(() => ids.forEach((one) => this.#put(one, false)));
  }

  /** Show what has waited; the newest of it gets the focus if the reader has asked for it. */
  #reveal(asked = false) {
    const ids = [...this.#waiting];
    this.#waiting.clear();
    const articles = ids.map((id) => this.#put(id, true));
    this.#arrange();
    if (!asked) return;
    const first = this.#feed.newestFirst ? this.#feed.articles[0] : articles[0];
    const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    first?.scrollIntoView({ behavior: smooth ? "smooth" : "instant", block: "start" });
    first?.focus({ preventScroll: true });
  }

  /** What depends on all entries together. */
  #arrange() {
    const { state } = this.#live;
    this.#feed.number(state.older === null);
    this.#visits.mark();
    const wanted = [...this.#waiting].filter((id) => {
      const entry = state.entry(id);
      return entry?.status === "published" && (this.#choices.show === "all" || entry.key);
    });
    const shown = this.#part("fresh").querySelector("button");
    if (!wanted.length) {
      shown?.remove();
      return;
    }
    const button = shown ?? element("button", { type: "button", class: "button", part: "button fresh" });
    button.textContent = countText(this.#setting.texts, this.#language, wanted.length);
    button.onclick = () => this.#reveal(true);
    if (!shown) this.#part("fresh").append(button);
  }

  /** @param {Header} header */
  #showHeader(header) {
    this.#fill("title", titleElement(header, this.#setting));
    this.#fill("related", relatedElement(header, this.#setting));
    this.#status.blog = header.status;
    this.#status.show();
  }

  /** @param {string[]} changed */
  #showKeyEvents(changed) {
    this.#fill("key-events", keyEventsElement(this.#part("key-events"), this.#live.state, changed, this.#setting));
  }

  /**
   * @param {string[]} changed
   * @param {boolean} reset
   */
  #showPinned(changed, reset) {
    const { header } = this.#live.state;
    const shown = this.#part("pinned").querySelector("aside")?.dataset.entry;
    const pinned = header ? header.pinned : shown;
    if (!this.#newest || (pinned === shown && !reset && !(pinned && changed.includes(pinned)))) return;
    this.#fill("pinned", pinned ? this.#pinnedElement(pinned) : null);
  }

  /** @param {string} id */
  #pinnedElement(id) {
    const { state } = this.#live;
    const entry = state.find(id);
    if (entry?.status === "retracted") return null;
    const page = state.entry(id) ? "" : `${this.#setting.blog}/entries/${id}`;
    return pinnedElement(entry ?? { id }, `${page}#entry-${id}`, this.#setting);
  }

  /** @param {keyof Choices} changed */
  #choose(changed) {
    const { order, show, announce } = this.#choices;
    this.#announcer.level = announce;
    if (changed === "order") {
      this.#feed.newestFirst = order === "newest";
      const pages = this.#part("pages");
      // Older entries come in where they belong, and so does the way to them
      if (order === "newest") this.#part("empty").after(pages);
      else this.#part("entries").before(pages);
    }
    if (changed === "show") {
      this.#part("entries").dataset.show = show;
      this.#part("empty").textContent = this.#setting.texts[show === "key" ? "empty_key" : "empty"];
    }
    if (changed === "paused" && this.#sees) this.#reveal();
    else this.#arrange();
  }

  /**
   * @param {string} name
   * @param {Element | null} content
   */
  #fill(name, content) {
    const part = this.#part(name);
    if (content) this.#localise(content);
    if (content ? part.firstElementChild?.isEqualNode(content) : !part.firstElementChild) return;
    part.replaceChildren(...(content ? [content] : []));
  }

  /** At midnight, "14:02" becomes yesterday's. */
  #showNewDay() {
    const day = new Date().toDateString();
    if (day !== this.#day) this.#localise(this.#container);
    this.#day = day;
  }

  /** @param {ParentNode} root */
  #localise(root) {
    localise(root, this.#language);
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
