/** @import { Storage } from "../keeping/storage.js" */
/** @import { Snippet } from "./commands.js" */
import { faultOf, MAX_SNIPPETS } from "./commands.js";

/** The snippets of a person, kept in this browser, and the dialog in which they are written. */
export class Snippets {
  #storage;
  #dialog;
  /** @type {Snippet[]} */
  #all = [];

  /**
   * @param {Storage} storage
   * @param {HTMLDialogElement} dialog with a form
   */
  constructor(storage, dialog) {
    this.#storage = storage;
    this.#dialog = dialog;
    dialog.querySelector("[data-do=add-snippet]")?.addEventListener("click", () => this.#addRow({ name: "", text: "" }, true));
    dialog.querySelector("[data-do=close-snippets]")?.addEventListener("click", () => dialog.close());
    dialog.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
  }

  get all() {
    return this.#all;
  }

  async load() {
    const kept = await this.#storage.change((transaction) => transaction.get("settings", "snippets")).catch(() => null);
    this.#all = kept?.snippets ?? [];
  }

  open() {
    this.#rows.replaceChildren();
    for (const snippet of this.#all) this.#addRow(snippet);
    if (!this.#all.length) this.#addRow({ name: "", text: "" });
    this.#complain("");
    this.#dialog.showModal();
  }

  get #rows() {
    return /** @type {HTMLElement} */ (this.#dialog.querySelector("[data-part=snippets]"));
  }

  /** @param {Snippet} snippet */
  #addRow({ name, text }, focus = false) {
    const row = /** @type {HTMLTemplateElement} */ (this.#dialog.querySelector("template")).content.cloneNode(true);
    const element = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (row).firstElementChild);
    const [first, second] = [element.querySelector("input"), element.querySelector("textarea")];
    if (!first || !second) return;
    first.value = name;
    second.value = text;
    element.querySelector("button")?.addEventListener("click", () => element.remove());
    this.#rows.append(element);
    if (focus) first.focus();
  }

  async #save() {
    const snippets = [...this.#rows.children].map((row) => ({
      name: row.querySelector("input")?.value.trim() ?? "",
      text: row.querySelector("textarea")?.value ?? "",
    }));
    const written = snippets.filter(({ name, text }) => name || text);
    const fault =
      written.length > MAX_SNIPPETS
        ? `You can have ${MAX_SNIPPETS} snippets; these are ${written.length}.`
        : written.map((one, index) => faultOf(one, written.slice(0, index))).find(Boolean);
    if (fault) return this.#complain(fault);
    try {
      const value = { name: "snippets", snippets: written };
      await this.#storage.change((transaction) => transaction.put("settings", value), true);
    } catch {
      return this.#complain("The browser could not keep them: its storage is full. Free space, then save again.");
    }
    this.#all = written;
    this.#dialog.close();
  }

  /** @param {string} text */
  #complain(text) {
    const said = /** @type {HTMLElement} */ (this.#dialog.querySelector("[role=alert]"));
    said.textContent = text;
    said.hidden = !text;
  }
}
