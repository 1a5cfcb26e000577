import { find, make } from "../ui/dom.js";

let number = 0;

/** The list of related stories in the form. */
export class Related {
  /**
   * @param {HTMLElement} list
   * @param {() => void} changed
   */
  constructor(list, changed) {
    this.list = list;
    this.changed = changed;
  }

  /** @param {{title: string, url: string}[]} stories */
  show(stories) {
    this.list.replaceChildren(...stories.map((story) => this.#row(story)));
  }

  /** Add an empty row. */
  add() {
    const row = this.#row({ title: "", url: "" });
    this.list.append(row);
    find(row, "input").focus();
  }

  values() {
    return [...this.list.children]
      .map((row) => [...row.querySelectorAll("input")].map((input) => input.value.trim()))
      .filter(([title, url]) => title || url)
      .map(([title, url]) => ({ title, url }));
  }

  /** @param {{title: string, url: string}} story */
  #row({ title, url }) {
    const id = `related-${++number}`;
    const remove = () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      this.changed();
      const target = next?.querySelector("input") ?? this.list.closest("fieldset")?.querySelector("[data-do=add-related]");
      if (target instanceof HTMLElement) target.focus();
    };
    const row = make(
      "li",
      { class: "pair" },
      make("p", { class: "field" }, make("label", { for: `${id}-title` }, "Title"), make("input", { id: `${id}-title`, value: title, dir: "auto", maxlength: "500" })),
      make("p", { class: "field" }, make("label", { for: `${id}-url` }, "Address"), make("input", { id: `${id}-url`, value: url, type: "url", maxlength: "2000", placeholder: "https://" })),
      make("button", { type: "button", class: "action", "aria-label": `Remove ${title || "this story"}`, onclick: remove }, "Remove"),
    );
    return row;
  }
}
