/** @import { Desk, DeskEntry } from "../types.js" */
/** @import { Delivery } from "./row.js" */
/** @import { Group } from "./entries.js" */
import { announce } from "../ui/messages.js";
import { counted, find, make } from "../ui/dom.js";
import { Entries, GROUPS } from "./entries.js";
import { RowList } from "./row-list.js";

/** The live timeline: what waits for an editor, then what readers have. */
export class Timeline {
  /** @type {Map<string, Delivery>} */
  deliveries = new Map();
  /** Ids of the entries that were selected for something that is done to several at once. @type {Set<string>} */
  selected = new Set();
  /** @type {Map<Group, {section: HTMLElement, heading: HTMLElement, rows: RowList}>} */
  #groups = new Map();
  #isPlanned = false;
  #wanted = "";
  /** @type {(id: string) => string[]} */
  editorsOf = () => [];
  /** Called after each change of what is shown. */
  shown = () => {};
  current = "";

  /**
   * @param {Desk} desk
   * @param {HTMLElement} root
   */
  constructor(desk, root) {
    this.desk = desk;
    this.root = root;
    this.entries = new Entries(desk.undoSeconds);
    for (const group of /** @type {Group[]} */ (Object.keys(GROUPS))) {
      const heading = make("h3", { id: `group-${group}` });
      const list = make("ol", { class: "rows", "aria-labelledby": `group-${group}` });
      const section = make("section", { class: "group", "data-group": group, hidden: true }, heading, list);
      root.append(section);
      this.#groups.set(group, { section, heading, rows: new RowList(desk, list) });
    }
    root.addEventListener("focusin", (event) => {
      const row = event.target instanceof Element ? event.target.closest("li.row") : null;
      if (row instanceof HTMLElement) this.#setCurrent(row.dataset.id ?? "");
    });
    setInterval(() => this.#tick(), 1_000);
  }

  /** Take the state at the beginning of a connection. @param {DeskEntry[]} entries */
  reset(entries) {
    this.entries.reset(entries);
    this.plan();
  }

  /** Take a change of an entry. @param {DeskEntry} one */
  take(one) {
    const before = this.entries.get(one.entry.id);
    const groups = [before && this.entries.group(before), this.entries.group(one)];
    if (!this.entries.take(one)) return;
    if (groups[1] === "submitted" && groups[0] !== "submitted") announce(`Submitted: ${nameOf(one)}`);
    else if (groups[1] === "published" && groups[0] !== "published") announce(`Published: ${nameOf(one)}`);
    else if (one.entry.status === "retracted" && before?.entry.status !== "retracted") announce("An entry was retracted");
    this.plan();
  }

  /** @param {string} id */
  remove(id) {
    if (this.entries.remove(id)) this.plan();
  }

  /** Show what has changed, in the next frame. */
  plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    // A page in the background has no frames
    const next = document.hidden ? setTimeout : requestAnimationFrame;
    next(() => this.#render());
  }

  /** Show everything anew, for example in another time zone. */
  renew() {
    for (const { rows } of this.#groups.values()) rows.clear();
    this.plan();
  }

  /** Move to the next or the previous entry. @param {1 | -1} by */
  move(by) {
    const rows = this.#visible();
    const index = rows.findIndex((row) => row.dataset.id === this.current);
    const next = rows[index < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, index + by))];
    if (next) this.focus(next.dataset.id ?? "");
  }

  /** @param {string} id */
  focus(id) {
    const article = this.root.querySelector(`li.row[data-id="${CSS.escape(id)}"] article`);
    if (!(article instanceof HTMLElement)) return false;
    article.focus();
    article.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** Put the focus on an entry as soon as it is on the page. @param {string} id */
  focusLater(id) {
    this.#wanted = id;
    this.plan();
  }

  /** Select an entry, or take the selection back. @param {string} id */
  toggle(id) {
    if (!this.selected.delete(id)) this.selected.add(id);
    this.plan();
  }

  /** Return a published or waiting entry by its id. @param {string} id */
  around(id) {
    const one = this.entries.get(id);
    return one && { one, group: this.entries.group(one) };
  }

  #render() {
    this.#isPlanned = false;
    const groups = this.entries.sorted();
    for (const [group, { section, heading, rows }] of this.#groups) {
      const found = groups[group];
      section.hidden = !found.length;
      heading.textContent = group === "published" ? GROUPS[group] : `${GROUPS[group]} (${found.length})`;
      rows.show(found.map((one) => ({ one, around: this.aroundOf(one) })));
    }
    const isEmpty = Object.values(groups).every((found) => !found.length);
    find(document, "#empty").hidden = !isEmpty || this.root.getAttribute("aria-busy") === "true";
    this.#mark();
    if (this.#wanted && this.focus(this.#wanted)) this.#wanted = "";
    this.shown();
  }

  /** Return what is shown around an entry. @param {DeskEntry} one */
  aroundOf(one) {
    const { id } = one.entry;
    const group = this.entries.group(one);
    const delivery = group === "published" ? this.deliveries.get(id) : undefined;
    return { group, delivery, editors: this.editorsOf(id), selected: this.selected.has(id) };
  }

  #visible() {
    return /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll("li.row")]).filter((row) => row.offsetParent);
  }

  /** @param {string} id */
  #setCurrent(id) {
    if (this.current === id) return;
    this.current = id;
    this.#mark();
  }

  /** Let Tab reach one entry alone, with its actions. */
  #mark() {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("li.row"));
    const isKnown = [...rows].some((row) => row.dataset.id === this.current);
    let isFirst = true;
    for (const row of rows) {
      const isCurrent = isKnown ? row.dataset.id === this.current : isFirst;
      isFirst = false;
      row.classList.toggle("current", isKnown && isCurrent);
      find(row, "article").tabIndex = isCurrent ? 0 : -1;
      for (const one of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(".foot button"))) {
        one.tabIndex = isCurrent ? 0 : -1;
      }
    }
  }

  /** Count down to what is about to be published. */
  #tick() {
    for (const time of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-countdown]"))) {
      const left = Math.ceil((Date.parse(time.dataset.countdown ?? "") - Date.now()) / 1000);
      time.textContent = left > 0 ? `Publishing in ${counted(left, "second")}` : "Publishing now";
    }
  }
}

/** Return a few words that tell an entry from others. @param {DeskEntry} one */
export function nameOf({ entry }) {
  return entry.title ?? entry.text?.slice(0, 80) ?? "an entry without a title";
}
