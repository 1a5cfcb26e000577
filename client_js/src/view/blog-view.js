/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { Position } from "../core/position.js" */
/** @import { Applied } from "../core/state.js" */
/** @import { Setting } from "./setting.js" */
/** @import { Choices } from "./tools.js" */
import { parsePosition, positionOf } from "../core/position.js";
import { isPlain } from "./clicks.js";
import { openEmbed } from "./embeds.js";
import { useEnds } from "./ends.js";
import { useEntries } from "./entries.js";
import { Feed } from "./feed.js";
import { focusedBy, keepFocus } from "./focus.js";
import { positionOfArticle } from "./hydrate.js";
import { isBack, recall, remember } from "./memory.js";
import { Reading } from "./reading.js";
import { useStatus } from "./status.js";
import { useSurroundings } from "./surroundings.js";
import { dayIn, localise } from "./times.js";
import { useTools } from "./tools.js";
import { useVisits } from "./visits.js";

/** An entry that is at most this many pages further down is reached through them; others with a page of their own. */
const NEAR_PAGES = 3;

/**
 * Registers a function that adds listeners outside of the view. It is called at each start of the view; the signal
 * removes the listeners.
 *
 * @typedef {(begin: (signal: AbortSignal) => void) => void} WhileShown
 */

/**
 * What the parts of the view share; `part` returns a part of `templates/blog.html` by name.
 *
 * @typedef {object} View
 * @property {(name: string) => any} part
 * @property {Feed} feed
 * @property {Reading} reading
 * @property {BareLiveBlog} live
 * @property {Setting} setting
 * @property {Choices} choices
 */

/**
 * The view of a blog. `start` follows the blog until the signal. `has` returns whether an entry is loaded, shown or
 * waiting. `goTo` scrolls to an entry; if it is not loaded, its position is needed to load it.
 *
 * @typedef {object} BlogView
 * @property {(signal: AbortSignal, isLed: boolean) => void} start `isLed`: an entry is in the page's address
 * @property {(id: string) => boolean} has
 * @property {(id: string, position?: Position) => Promise<void>} goTo
 */

/**
 * Show a blog in the parts of a container, and keep them up to date.
 *
 * @param {ParentNode} container
 * @param {BareLiveBlog} live
 * @param {Setting} setting
 * @param {boolean} newest whether this is the newest page
 * @param {(count: number) => void} tell is told how many entries wait
 * @returns {BlogView}
 */
export function showBlog(container, live, setting, newest, tell) {
  /** @param {string} name @returns {any} */
  const part = (name) => container.querySelector(`[data-part="${name}"]`);
  /** @type {((signal: AbortSignal) => void)[]} */
  const beginnings = [];
  /** @type {WhileShown} */
  const whileShown = (begin) => void beginnings.push(begin);
  const { state } = live;
  const list = part("entries");
  const feed = new Feed(list);
  const reading = new Reading(list, whileShown);
  const choices = useTools(part("tools"), (changed) => choose(changed));
  const view = { part, feed, reading, live, setting, choices };
  const entries = useEntries(view, tell);
  const visits = useVisits(view);
  const ends = useEnds(view, () => toNewest());
  const showStatus = useStatus(part, live, setting, whileShown);
  const showSurroundings = useSurroundings(part, state, setting, newest, showStatus);
  /** The entries that were asked for, in the words of the controls. */
  let selected = "all newest";

  const arrange = () => {
    entries.arrange();
    visits.mark();
    ends.lead();
  };

  /**
   * Load other entries in place of those that are loaded.
   *
   * @param {string} query
   * @param {Position} [at] the newest of them
   */
  const select = (query, at) => {
    const key = choices.show === "key";
    const address = setting.pageAddress(query, key);
    state.ask({ address, key, newer: at ? setting.pageAddress(`after=${at.join("_")}`, key) : null });
    return live.load(address);
  };

  /** Ask the server for what the reader has chosen, unless everything is loaded. */
  const selectChosen = async () => {
    const wanted = `${choices.show} ${choices.order}`;
    if (wanted === selected || !(state.older || state.newer || state.window.key)) return;
    if (await select(choices.order === "oldest" ? "after=0" : "")) selected = wanted;
  };

  const reveal = () => reading.release(() => keepFocus(list, () => (entries.reveal(), arrange())));

  /** Show what is new, and lead the reader to it. The pages of older entries lack what is around it. */
  const toNewest = async () => {
    if (!newest) return location.assign(setting.home);
    const [first] = entries.waiting;
    if (state.newer && !(await select(""))) return;
    reveal();
    const article = (!feed.newestFirst && feed.article(first)) || feed.articles.at(feed.newestFirst ? 0 : -1);
    if (article) focusOn(article);
  };

  /** @param {HTMLElement} article */
  const focusOn = (article) => {
    reading.goTo(article);
    article.focus({ preventScroll: true });
  };

  /** @param {keyof Choices} changed */
  const choose = (changed) => {
    const newestFirst = choices.order === "newest";
    if (feed.newestFirst !== newestFirst) {
      feed.newestFirst = newestFirst;
      const [before, after] = newestFirst ? ["newer", "pages"] : ["pages", "newer"];
      list.before(part(before));
      part("empty").after(part(after));
    }
    if (changed === "show") {
      list.dataset.show = choices.show;
      part("empty").textContent = setting.texts[choices.show === "key" ? "empty_key" : "empty"];
    }
    if (changed === "paused" && !choices.paused && !state.newer && (newestFirst ? reading.atTop : reading.atEnd)) reveal();
    else arrange();
    void selectChosen();
  };

  /** @param {string} id */
  const has = (id) => feed.article(id) !== null || entries.waiting.has(id);

  /** @param {string} id @param {Position} [position] */
  const load = async (id, position) => {
    const waits = entries.waiting.has(id) && state.entry(id);
    if (waits && !state.newer) reveal();
    const at = waits ? positionOf(waits) : position;
    for (let pages = 0; position && !feed.article(id) && pages < NEAR_PAGES && (await ends.load(true)); pages += 1);
    if (!feed.article(id) && at) await select(`before=${at.join("_")}~`, at);
    return feed.article(id);
  };

  /** @param {string} id @param {Position} [position] */
  const goTo = async (id, position) => {
    const article = await load(id, position);
    if (article) focusOn(article);
  };

  const memory = `place ${location.pathname}${location.search} ${setting.home}`;
  const leave = () => {
    const { place } = reading;
    const text = place ? `${place.at} ${positionOfArticle(place.node).join("_")}` : "";
    remember(memory, text, "sessionStorage");
  };
  let place = isBack() ? recall(memory, "sessionStorage") : null;
  /** Go to where the reader was before a reload, or when this page was left. */
  const goBack = async () => {
    const [at, text] = place?.split(" ") ?? [];
    const position = parsePosition(text);
    place = null;
    const article = position && (await load(position[1], position));
    if (article) reading.goTo(article, parseFloat(at));
  };

  /** Take note of what the reader sees after scrolling. */
  const look = () => {
    if (entries.waiting.size && entries.isOpen()) reveal();
    if (newest && state.newer && feed.newestFirst && reading.isAtPageTop) void select("");
    visits.look();
    void ends.look();
  };

  /** Remove articles that are far away. The focus goes to what is in view. @param {string[]} ids */
  const forget = (ids) => {
    if (!ids.length) return;
    const hadFocus = list.contains(focusedBy(list));
    reading.hold(() => (entries.show(ids, false), arrange()));
    if (hadFocus && !list.contains(focusedBy(list))) reading.inView[0]?.focus({ preventScroll: true });
  };

  choose("order");
  setting.settle(container);
  part("fresh").firstElementChild.onclick = toNewest;
  list.addEventListener("click", (/** @type {MouseEvent} */ click) => openEmbed(click, part("frame")));
  for (const name of ["pinned", "key-events"]) {
    // Follow a link to a loaded entry without leaving the page
    part(name).addEventListener("click", (/** @type {MouseEvent} */ click) => {
      const { hash = "" } = /** @type {HTMLElement} */ (click.target).closest("a") ?? {};
      const id = entryIn(hash);
      if (!id || !has(id) || !isPlain(click)) return;
      click.preventDefault();
      if (location.hash === hash) void goTo(id);
      else location.hash = hash;
    });
  }
  whileShown((signal) => {
    addEventListener("scroll", look, { passive: true, capture: true, signal });
    addEventListener("pagehide", leave, { signal });
    document.addEventListener("visibilitychange", () => (document.hidden ? leave() : visits.look()), { signal });
    visits.look();
  });
  live.addEventListener("phase", () => live.phase === "live" && void selectChosen());

  const clock = () => `${setting.timeZone()} ${dayIn(setting.timeZone())}`;
  let before = clock();
  // After midnight, times need the day
  const renewTimes = () => {
    if (before !== (before = clock())) localise(container, setting.language, setting.timeZone());
  };
  whileShown((signal) => {
    const timer = setInterval(renewTimes, 60_000);
    signal.addEventListener("abort", () => clearInterval(timer));
  });
  live.addEventListener("change", (event) => {
    const outcome = /** @type {CustomEvent<Applied>} */ (event).detail;
    const { changed, header, reset } = outcome;
    // Change everything in one task, so that the screen never shows anything between two cursors
    const change = () => {
      entries.show(changed, reset);
      showSurroundings(outcome);
      arrange();
    };
    keepFocus(list, () => reading.hold(change));
    forget(ends.trim());
    visits.look();
    if (reset && header) {
      newest = true;
      selected = "all newest";
      void selectChosen();
    }
    renewTimes();
  });

  /** @param {AbortSignal} signal @param {boolean} isLed */
  const start = (signal, isLed) => {
    for (const begin of beginnings) begin(signal);
    signal.addEventListener("abort", () => live.stop());
    live.start();
    if (place) void goBack();
    else if (!isLed) void selectChosen();
  };
  return { start, has, goTo };
}

/** Return the id of the entry that a fragment names. @param {string} hash */
export function entryIn(hash) {
  return /^#entry-([\w-]+)$/.exec(hash)?.[1];
}
