/** @import { Desk } from "../types.js" */
/** @import { Draft, Words } from "./types.js" */
import { parseHtml } from "../../src/view/html.js";
import { localise } from "../../src/view/times.js";
import { isEmpty, labelOf } from "./form/fields.js";

/** The parts of the form that say something. */
export class Screen {
  #form;
  #desk;
  /** @type {any} */
  #timer;

  /**
   * @param {HTMLFormElement} form
   * @param {Desk} desk
   */
  constructor(form, desk) {
    this.#form = form;
    this.#desk = desk;
  }

  /** @param {string} name */
  part(name) {
    return /** @type {HTMLElement} */ (this.#form.querySelector(`[data-part=${name}]`));
  }

  /** Name what is in the form, and the buttons after what they do. @param {Draft} draft */
  showDraft({ slot, entry, status, base, words }) {
    const heading = /** @type {HTMLElement} */ (this.#form.querySelector("h2"));
    const isEdit = slot !== "new";
    heading.textContent = isEdit ? `Edit: ${labelOf(base ?? words)}` : entry ? `Draft: ${labelOf(base ?? words)}` : "Write";
    this.#form.dataset.status = status ?? "new";
    const publish = this.#form.querySelector("[data-do=publish]");
    const name = status === "published" ? "Publish the change" : words.publishAt ? "Schedule" : "Publish";
    if (publish && publish.textContent !== name) publish.textContent = name;
    this.#hide("draft", status === "published");
    this.#hide("schedule", status === "published" || Boolean(words.publishAt)); // it is what the first button does
    const discard = this.#form.querySelector("[data-do=discard]");
    if (discard) discard.textContent = isEdit ? "Leave it as it was" : "Discard";
  }

  /**
   * Say something about the form.
   *
   * @param {string} text
   * @param {{kind?: "good" | "bad", action?: [string, () => void], seconds?: number}} [options] `seconds`: until it goes
   */
  say(text, { kind = "good", action, seconds } = {}) {
    const status = this.part("write-status");
    clearTimeout(this.#timer);
    status.dataset.kind = kind;
    const said = document.createElement("span");
    said.textContent = text;
    status.replaceChildren(said);
    if (action) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.textContent = action[0];
      button.addEventListener("click", () => {
        status.replaceChildren();
        action[1]();
      });
      status.append(" ", button);
    }
    if (kind === "bad") status.scrollIntoView({ block: "nearest" });
    if (seconds) this.#timer = setTimeout(() => status.replaceChildren(), seconds * 1_000);
  }

  /**
   * Show what is wrong at its field.
   *
   * @param {string} text
   * @param {HTMLElement | null} field
   * @param {boolean} [focus]
   */
  showFault(text, field, focus = true) {
    this.clearFaults();
    this.say(text, { kind: "bad" });
    if (!field) return;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", this.part("write-status").id);
    const details = field.closest("details");
    if (details) details.open = true;
    if (focus) field.focus();
  }

  clearFaults() {
    for (const one of this.#form.querySelectorAll("[aria-invalid]")) {
      one.removeAttribute("aria-invalid");
      one.removeAttribute("aria-errormessage");
    }
    const status = this.part("write-status");
    if (status.dataset.kind === "bad") status.replaceChildren();
  }

  /** @param {{html: string, warnings?: string[]} | null} preview */
  showPreview(preview) {
    const section = this.part("preview");
    section.hidden = !preview;
    const article = /** @type {HTMLElement} */ (section.querySelector("[data-part=preview-article]"));
    article.replaceChildren(...(preview ? [parseHtml(preview.html)] : []));
    localise(article, this.#desk.language, this.#desk.timezone);
    for (const one of article.querySelectorAll("[id]")) one.removeAttribute("id"); // the timeline may have the entry
    const items = (preview?.warnings ?? []).map((warning) => {
      const item = document.createElement("li");
      item.textContent = warning;
      return item;
    });
    section.querySelector("ul.warnings")?.replaceChildren(...items);
  }

  /**
   * List what is kept in this browser besides what is in the form.
   *
   * @param {Draft[]} drafts
   * @param {(draft: Draft) => void} open
   */
  showKept(drafts, open) {
    const section = this.part("kept");
    const items = drafts.filter(isWorthShowing).map((draft) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.dir = "auto";
      name.textContent = labelOf(draft.words);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.textContent = "Go on writing";
      button.addEventListener("click", () => open(draft));
      item.append(name, " ", button);
      return item;
    });
    section.hidden = !items.length;
    section.querySelector("ul")?.replaceChildren(...items);
  }

  /** @param {boolean} isTaken whether another tab writes now */
  showTaken(isTaken) {
    this.part("taken").hidden = !isTaken;
  }

  /** @param {string} name @param {boolean} isHidden */
  #hide(name, isHidden) {
    const button = /** @type {HTMLElement | null} */ (this.#form.querySelector(`[data-do=${name}]`));
    if (button) button.hidden = isHidden;
  }
}

/** @param {Draft} draft */
function isWorthShowing({ words, base }) {
  return !isEmpty(/** @type {Words} */ (words)) && JSON.stringify(words) !== JSON.stringify(base);
}
