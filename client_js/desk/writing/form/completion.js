import { Combobox } from "../../vendor/text-expander.js";

const MAX_OFFERED = 8;

/**
 * Complete the last part of a list that is separated by commas.
 *
 * @param {HTMLInputElement} input
 * @param {() => string[]} known what may be meant, the most probable first
 */
export function complete(input, known) {
  const menu = document.createElement("ul");
  menu.className = "menu";
  menu.id = `${input.id}-menu`;
  menu.setAttribute("role", "listbox");
  menu.setAttribute("aria-label", "Known tags");
  menu.hidden = true;
  input.after(menu);
  const combobox = new Combobox(input, menu);
  const close = () => {
    if (menu.hidden) return;
    combobox.stop();
    menu.hidden = true;
  };
  const offer = () => {
    close();
    const { before, typed } = lastPart(input.value);
    if (!typed) return;
    const has = before.split(",").map((one) => one.trim().toLowerCase());
    const fits = (/** @type {string} */ tag) => isMeant(tag, typed) && !has.includes(tag.toLowerCase());
    const found = known().filter(fits).slice(0, MAX_OFFERED);
    menu.replaceChildren(...found.map(optionOf));
    if (!found.length) return;
    menu.hidden = false;
    combobox.start();
  };
  input.addEventListener("input", offer);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    close();
    event.stopImmediatePropagation();
    event.preventDefault();
  });
  menu.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the field
  menu.addEventListener("combobox-commit", ({ target }) => {
    const { before } = lastPart(input.value);
    input.value = `${before}${before ? " " : ""}${/** @type {HTMLElement} */ (target).textContent}, `;
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/**
 * Return what is before the last comma, with it, and what is typed behind it.
 *
 * @param {string} text
 */
export function lastPart(text) {
  const end = text.lastIndexOf(",") + 1;
  return { before: text.slice(0, end), typed: text.slice(end).trim() };
}

/**
 * @param {string} tag
 * @param {string} typed
 */
function isMeant(tag, typed) {
  const [all, part] = [tag.toLowerCase(), typed.toLowerCase()];
  return all !== part && (all.startsWith(part) || all.includes(` ${part}`));
}

/**
 * @param {string} tag
 * @param {number} index
 */
function optionOf(tag, index) {
  const option = document.createElement("li");
  option.setAttribute("role", "option");
  option.id = `tag-${index}`;
  option.dir = "auto";
  option.textContent = tag;
  return option;
}
