/** @import { Header } from "../core/messages.js" */
/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { Applied } from "../core/state.js" */
/** @import { Macros, Name } from "./macros.js" */
/** @import { Choices } from "./tools.js" */
import { comparePlaces, placeOf } from "../core/place.js";
import { useAnnouncer } from "./announcer.js";
import { countText } from "./count.js";
import { openEmbed } from "./embeds.js";
import { Feed } from "./feed.js";
import { keepFocus } from "./focus.js";
import { keyEvents } from "./key-events.js";
import { useOlder } from "./older.js";
import { Reading } from "./reading.js";
import { useStatus } from "./status.js";
import { localise, usable } from "./times.js";
import { useTools } from "./tools.js";
import { useVisits } from "./visits.js";

/**
 * Shows a blog in the parts of a container, as they are in `templates/blog.html`, and keeps them up to date. New
 * entries wait behind a button while the reader is busy with others; whatever else changes is shown at once.
 */
export class BlogView {
  #container;
  #live;
  #macros;
  #language;
  #newest;
  #list;
  #fresh;
  #feed;
  #reading;
  #choices;
  #announce;
  #showStatus;
  #loadOlder;
  #markVisit;
  /** The ids of new entries that wait behind the button. @type {Set<string>} */
  #waiting = new Set();
  #day = new Date().toDateString();

  /**
   * @param {ParentNode} container
   * @param {LiveBlog} live
   * @param {Macros} macros
   * @param {string | undefined} language
   * @param {boolean} newest whether it is the newest page
   */
  constructor(container, live, macros, language, newest) {
    this.#container = container;
    this.#live = live;
    this.#macros = macros;
    this.#language = usable(language);
    this.#newest = newest;
    this.#list = this.#part("entries");
    this.#fresh = /** @type {HTMLElement} */ (this.#part("fresh").firstElementChild);
    this.#feed = new Feed(this.#list);
    this.#reading = new Reading(this.#list);
    this.#choices = useTools(this.#part("tools"), (changed) => this.#choose(changed));
    this.#announce = useAnnouncer(this.#part("announcer"), macros.texts, this.#language, this.#choices);
    this.#showStatus = useStatus(this.#part("status"), live, macros.texts, this.#language);
    this.#loadOlder = useOlder(this.#part("pages"), this.#feed, live, macros.texts);
    this.#markVisit = useVisits(macros.home, this.#feed, this.#part("visited"));
    this.#choose("order");
    localise(container, this.#language);
    this.#fresh.onclick = () => this.#reveal(true);
    this.#list.addEventListener("click", (click) => openEmbed(click, macros));
    const reveal = () => keepFocus(this.#list, () => this.#reveal());
    addEventListener("scroll", () => this.#waiting.size && this.#sees && reveal(), { passive: true, capture: true });
    live.addEventListener("change", (event) => this.#show(/** @type {CustomEvent<Applied>} */ (event).detail));
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
    while (pages-- > 0 && !this.#feed.article(id) && (await this.#loadOlder()));
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
      const { header: shown, older } = this.#live.state;
      if (header && shown) this.#showHeader(shown);
      this.#showPinned(changed, reset);
      if (this.#newest) this.#showKeyEvents(changed);
      this.#fill("pages", "pages_nav", { older: older?.replace(/.*\?/, ""), newest: this.#newest });
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
    keepFocus(this.#list, () => this.#reading.hold(whole));
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
      const isNew =
        !!entry && !this.#feed.article(id) && (newest === null || comparePlaces(placeOf(entry), newest) > 0);
      if (entry && !reset && (isNew || this.#feed.article(id))) this.#announce(entry, isNew && !this.#waiting.has(id));
      if (isNew && !sees) this.#waiting.add(id);
      else if (entry && !this.#waiting.has(id)) this.#put(id, isNew && !reset);
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
   * @param {boolean} fresh whether to draw the eye to it
   */
  #put(id, fresh) {
    const entry = this.#live.state.entry(id);
    if (!entry) return null;
    const made = this.#macros.article(entry);
    localise(made, this.#language);
    const article = this.#feed.put(entry, made);
    if (fresh) highlight(article);
    return article;
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
    this.#markVisit();
    const wanted = [...this.#waiting].filter((id) => {
      const entry = state.entry(id);
      return entry?.status === "published" && (this.#choices.show === "all" || entry.key);
    });
    this.#fresh.hidden = !wanted.length;
    if (wanted.length) this.#fresh.textContent = countText(this.#macros.texts, this.#language, wanted.length);
  }

  /** @param {Header} header */
  #showHeader(header) {
    const { image, related, status } = header;
    this.#fill("title", "title", { header: { ...header, image: image && this.#macros.media(image) } });
    this.#fill("related", "related_aside", { related });
    this.#showStatus(status);
  }

  /** @param {string[]} changed */
  #showKeyEvents(changed) {
    const part = this.#part("key-events");
    this.#fill("key-events", "key_events_nav", { entries: keyEvents(part, this.#live.state, changed) });
  }

  /**
   * @param {string[]} changed
   * @param {boolean} reset
   */
  #showPinned(changed, reset) {
    const { state } = this.#live;
    const shown = this.#part("pinned").querySelector("aside")?.dataset.entry;
    const id = state.header ? state.header.pinned : shown;
    if (!this.#newest || (id === shown && !reset && !(id && changed.includes(id)))) return;
    const entry = id && (state.find(id) ?? { id, status: "published" });
    const pinned = entry && entry.status === "published" && { ...entry, away: !state.entry(entry.id) };
    this.#fill("pinned", "pinned_aside", { entry: pinned });
  }

  /** @param {keyof Choices} changed */
  #choose(changed) {
    const { order, show } = this.#choices;
    if (changed === "order") {
      this.#feed.newestFirst = order === "newest";
      const pages = this.#part("pages");
      // Older entries come in where they belong, and so does the way to them
      if (order === "newest") this.#part("empty").after(pages);
      else this.#list.before(pages);
    }
    if (changed === "show") {
      this.#list.dataset.show = show;
      this.#part("empty").textContent = this.#macros.texts[show === "key" ? "empty_key" : "empty"];
    }
    if (changed === "paused" && this.#sees) this.#reveal();
    else this.#arrange();
  }

  /**
   * Show in a part what a macro makes, unless it shows that already.
   *
   * @param {string} name of the part
   * @param {Name} macro
   * @param {Record<string, unknown>} values
   */
  #fill(name, macro, values) {
    const part = this.#part(name);
    const made = this.#macros.make(macro, values);
    if (made) localise(made, this.#language);
    if (made ? part.firstElementChild?.isEqualNode(made) : !part.firstElementChild) return;
    part.replaceChildren(...(made ? [made] : []));
  }

  /** At midnight, "14:02" becomes yesterday's. */
  #showNewDay() {
    const day = new Date().toDateString();
    if (day !== this.#day) localise(this.#container, this.#language);
    this.#day = day;
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
