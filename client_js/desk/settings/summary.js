/** @import { StoredEntry } from "../types.js" */
import { make } from "../ui/dom.js";
import { announce } from "../ui/messages.js";

/** The order of the key events in the form. */
export class Summary {
  /** @type {string[]} */
  #order = [];
  #saved = "[]";
  #isOwn = false;
  /** @type {Map<string, string>} */
  #names = new Map();

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} reset the button that takes the own order away
   * @param {() => void} changed
   */
  constructor(list, reset, changed) {
    this.list = list;
    this.reset = reset;
    this.changed = changed;
    reset.addEventListener("click", () => {
      this.#isOwn = false;
      this.#order = [...this.#names.keys()];
      this.#draw();
      this.changed();
    });
  }

  /**
   * @param {StoredEntry[]} entries newest first
   * @param {string[]} order ids
   */
  show(entries, order) {
    const key = entries.filter((entry) => entry.key && entry.status === "published");
    this.#names = new Map(key.map(({ id, title, text }) => [id, title ?? text?.slice(0, 80) ?? "An entry without a title"]));
    const own = order.filter((id) => this.#names.has(id));
    this.#order = [...own, ...[...this.#names.keys()].filter((id) => !own.includes(id))];
    this.#isOwn = order.length > 0;
    this.keep();
    this.#draw();
  }

  /** Take the order as it is now for the one that was saved. */
  keep() {
    this.#saved = JSON.stringify(this.values());
  }

  isChanged() {
    return JSON.stringify(this.values()) !== this.#saved;
  }

  /** Return the ids in order; none if the newest is first. */
  values() {
    return this.#isOwn ? [...this.#order] : [];
  }

  #draw() {
    this.reset.hidden = !this.#isOwn;
    if (!this.#order.length) return this.list.replaceChildren(make("li", { class: "fine" }, "No key events yet."));
    this.list.replaceChildren(
      ...this.#order.map((id, index) => {
        const name = this.#names.get(id) ?? "";
        const move = (/** @type {number} */ by, /** @type {string} */ label) =>
          make(
            "button",
            { type: "button", class: "action", "data-move": String(by), "aria-label": `${label}: ${name}`, disabled: !this.#order[index + by], onclick: () => this.#move(id, by) },
            label,
          );
        return make("li", { "data-id": id }, make("span", { dir: "auto" }, name), move(-1, "Up"), move(1, "Down"));
      }),
    );
  }

  /**
   * @param {string} id
   * @param {number} by
   */
  #move(id, by) {
    const index = this.#order.indexOf(id);
    this.#order.splice(index, 1);
    this.#order.splice(index + by, 0, id);
    this.#isOwn = true;
    this.#draw();
    const row = this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    const again = row?.querySelector(`[data-move="${by}"]:enabled`) ?? row?.querySelector("button:enabled");
    if (again instanceof HTMLElement) again.focus();
    announce(`${this.#names.get(id)}: ${index + by + 1} of ${this.#order.length}`);
    this.changed();
  }
}
