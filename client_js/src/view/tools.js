import { recall, remember } from "./memory.js";

/**
 * The reader's choices.
 *
 * @typedef {object} Choices
 * @property {"all" | "key"} show
 * @property {boolean} paused like `show`, not remembered
 * @property {"newest" | "oldest"} order
 * @property {"all" | "key" | "none"} announce
 */

/**
 * Connect the controls above the entries.
 *
 * @param {HTMLElement} part with the markup of `templates/tools.html`
 * @param {(changed: keyof Choices) => void} changed
 * @returns {Choices}
 */
export function useTools(part, changed) {
  /** @type {any} */
  const choices = { show: "all", paused: false };
  for (const select of part.querySelectorAll("select")) {
    select.value = recall(select.name) ?? "";
    if (!select.value) select.selectedIndex = 0;
    choices[select.name] = select.value;
    select.onchange = (event) => {
      event.stopPropagation(); // the element has an event of this name
      remember(select.name, (choices[select.name] = select.value));
      changed(/** @type {keyof Choices} */ (select.name));
    };
  }
  const buttons = part.querySelectorAll("button");
  for (const button of buttons) {
    const { show, other } = button.dataset;
    button.onclick = () => {
      if (other) {
        choices.paused = !choices.paused;
        [button.textContent, button.dataset.other] = [button.dataset.other ?? "", button.textContent ?? ""];
        return changed("paused");
      }
      choices.show = show;
      for (const one of buttons) if (one.dataset.show) one.setAttribute("aria-pressed", `${one.dataset.show === show}`);
      changed("show");
    };
  }
  const menu = /** @type {HTMLDetailsElement} */ (part.querySelector("details"));
  menu.onkeydown = ({ key }) => {
    if (key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  /** @type {HTMLElement} */ (part.firstElementChild).hidden = false;
  return choices;
}
