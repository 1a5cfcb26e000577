import { eventToHotkeyString } from "../vendor/hotkey.js";
import { opened } from "./dialog.js";
import { isTyping, make } from "./dom.js";

/** @typedef {{keys: string[], does: string, act: () => unknown}} Shortcut `keys` as @github/hotkey writes them */

/** Further shortcuts, which are those of the form, for the list of all. */
const WRITING = /** @type {const} */ ([
  ["Ctrl+Enter", "publish what you write (contributors: submit)"],
  ["Ctrl+S", "keep it as a draft"],
  ["/", "at the beginning of a line: commands"],
  ["Escape", "leave the field"],
]);

/**
 * Listen for shortcuts of one key, except while somebody types or a dialog is open.
 *
 * @param {Shortcut[]} shortcuts
 */
export function listen(shortcuts) {
  /** @type {Shortcut[]} */
  const all = [...shortcuts, { keys: ["?", "Shift+?"], does: "show all shortcuts", act: () => show(all) }];
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat && !/^[jk]$/.test(event.key)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    // Space presses buttons, ticks boxes and opens menus
    if (event.key === " " && event.target instanceof Element && event.target.closest("a, button, input, summary")) return;
    const pressed = [eventToHotkeyString(event), event.key];
    const shortcut = all.find(({ keys }) => keys.some((key) => pressed.includes(key)));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.act();
  });
  return () => show(all);
}

/** Show all shortcuts. @param {Shortcut[]} shortcuts */
function show(shortcuts) {
  const rows = [...shortcuts.map(({ keys, does }) => [keys[0], does]), ...WRITING];
  const dialog = make(
    "dialog",
    { class: "dialog", "aria-labelledby": "keys-title" },
    make("h2", { id: "keys-title" }, "Shortcuts"),
    make(
      "dl",
      { class: "keys" },
      ...rows.map(([key, does]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, does))),
    ),
    make("p", { class: "fine" }, "While you type in a field, single keys are letters."),
    make("p", { class: "buttons" }, make("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close")),
  );
  opened(dialog);
}
