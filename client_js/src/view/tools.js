/** @import { Texts } from "../texts.js" */
/** @import { Level } from "./announcer.js" */
import { element } from "./elements.js";
import { recall, remember } from "./memory.js";

/**
 * What the reader has chosen.
 *
 * @typedef {object} Choices
 * @property {"all" | "key"} show
 * @property {"newest" | "oldest"} order
 * @property {Level} announce
 * @property {boolean} paused for now; it is not remembered
 */

/**
 * @param {string} name
 * @param {string[]} values the first one unless another is remembered
 */
function remembered(name, values) {
  const value = recall(name) ?? "";
  return values.includes(value) ? value : values[0];
}

/** @returns {Choices} */
export function rememberedChoices() {
  return /** @type {Choices} */ ({
    show: "all",
    order: remembered("order", ["newest", "oldest"]),
    announce: remembered("announce", ["all", "key", "none"]),
    paused: false,
  });
}

/**
 * The controls above the entries.
 *
 * @param {Choices} choices
 * @param {Texts} texts
 * @param {(changed: keyof Choices) => void} changed
 */
export function toolsElement(choices, texts, changed) {
  const set = (/** @type {"show" | "order" | "announce"} */ name, /** @type {string} */ value) => {
    Object.assign(choices, { [name]: value });
    if (name !== "show") remember(name, value);
    changed(name);
  };
  const show = [button("all", texts.all), button("key", texts.key_only)];
  const press = () => {
    for (const one of show) one.setAttribute("aria-pressed", String(one.dataset.value === choices.show));
  };
  for (const one of show) {
    one.onclick = () => {
      set("show", /** @type {string} */ (one.dataset.value));
      press();
    };
  }
  press();
  const pause = button("pause", texts.pause);
  pause.onclick = () => {
    choices.paused = !choices.paused;
    pause.textContent = choices.paused ? texts.resume : texts.pause;
    changed("paused");
  };
  const order = select(texts.order, { newest: texts.newest_first, oldest: texts.oldest_first }, choices.order);
  order.onchange = (event) => set("order", /** @type {HTMLSelectElement} */ (event.target).value);
  const levels = { all: texts.announce_all, key: texts.announce_key, none: texts.announce_none };
  const announce = select(texts.announce, levels, choices.announce);
  announce.onchange = (event) => set("announce", /** @type {HTMLSelectElement} */ (event.target).value);
  return element(
    "div",
    { class: "tools", role: "group", "aria-label": texts.controls, part: "tools" },
    element("div", { class: "switch" }, ...show),
    pause,
    element("details", {}, element("summary", {}, texts.options), element("div", { class: "menu" }, order, announce)),
  );
}

/**
 * @param {string} value
 * @param {string} text
 */
function button(value, text) {
  return element("button", { type: "button", class: "button", part: "button", "data-value": value }, text);
}

/**
 * @param {string} label
 * @param {Record<string, string>} options
 * @param {string} chosen
 */
function select(label, options, chosen) {
  const made = Object.entries(options).map(([value, text]) =>
    element("option", { value, selected: value === chosen }, text),
  );
  return element("label", {}, label, element("select", {}, ...made));
}
