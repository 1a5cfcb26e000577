/** @import { Desk, DeskEntry } from "../types.js" */
/** @import { Around } from "./row.js" */
import { morph } from "../../src/view/morph.js";
import { find } from "../ui/dom.js";
import { articleOf, makeFoot, makeRow } from "./row.js";

/** @typedef {{row: HTMLLIElement, version: number, html: string, around: string}} Kept */

/** A list of entries on the page. What does not change stays as it is, with its selection and its playing videos. */
export class RowList {
  /** @type {Map<string, Kept>} */
  #kept = new Map();

  /**
   * @param {Desk} desk
   * @param {HTMLElement} list
   */
  constructor(desk, list) {
    this.desk = desk;
    this.list = list;
  }

  /**
   * Show these entries in this order.
   *
   * @param {{one: DeskEntry, around: Around}[]} items
   */
  show(items) {
    const focused = this.#focus();
    const wanted = new Set(items.map(({ one }) => one.entry.id));
    for (const [id, { row }] of this.#kept) {
      if (wanted.has(id)) continue;
      row.remove();
      this.#kept.delete(id);
    }
    /** @type {Element | null} */
    let place = this.list.firstElementChild;
    for (const { one, around } of items) {
      const row = this.#row(one, around);
      if (row === place) place = row.nextElementSibling;
      else this.list.insertBefore(row, place);
    }
    focused?.();
  }

  /** Forget the language and zone in which everything was made. */
  clear() {
    this.#kept.clear();
    this.list.replaceChildren();
  }

  /**
   * @param {DeskEntry} one
   * @param {Around} around
   */
  #row(one, around) {
    const { version, html, entry } = one;
    const written = JSON.stringify([around, version]);
    const kept = this.#kept.get(entry.id);
    if (!kept) {
      const row = makeRow(this.desk, one, around);
      this.#kept.set(entry.id, { row, version, html, around: written });
      return row;
    }
    if (kept.html !== html || kept.version !== version) {
      const article = find(kept.row, "article");
      const fresh = articleOf(this.desk, one);
      fresh.tabIndex = article.tabIndex;
      morph(article, fresh);
    }
    if (kept.around !== written) {
      find(kept.row, ".foot").replaceWith(makeFoot(this.desk, one, around));
      kept.row.dataset.group = around.group;
    }
    Object.assign(kept, { version, html, around: written });
    return kept.row;
  }

  /** Return what puts the focus back to where it is now; moving or replacing elements takes it away. */
  #focus() {
    const active = document.activeElement;
    const row = active?.closest("li.row");
    if (!(active instanceof HTMLElement) || !row || !this.list.contains(row)) return null;
    const action = active.dataset.do;
    return () => {
      if (active.isConnected && document.activeElement === active) return;
      const again = active.isConnected ? active : row.querySelector(`[data-do="${action}"]`);
      const target = again ?? (row.isConnected ? row.querySelector("article") : null);
      if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    };
  }
}
