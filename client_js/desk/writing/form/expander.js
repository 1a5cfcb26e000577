/** @import { Command, Snippet } from "./commands.js" */
import { commandsFor, withoutMarks } from "./commands.js";
import { replace, wordBefore } from "./text.js";

/**
 * Let an editor choose commands and snippets behind a slash in a text field.
 *
 * @param {HTMLElement} expander a `text-expander` around the field
 * @param {HTMLTextAreaElement} field
 * @param {() => Snippet[]} snippets
 * @param {(command: Command) => void} run sets a flag or opens a dialog
 */
export function useCommands(expander, field, snippets, run) {
  /** The commands of the menu. @type {Command[]} */
  let offered = [];
  expander.addEventListener("text-expander-change", (event) => {
    const { key, text, provide } = /** @type {CustomEvent} */ (event).detail;
    if (key !== "/") return;
    offered = commandsFor(text, snippets());
    provide(Promise.resolve({ matched: offered.length > 0, fragment: menuOf(offered) }));
  });
  expander.addEventListener("text-expander-value", (event) => {
    const { key, item } = /** @type {CustomEvent} */ (event).detail;
    const command = offered[Number(item.dataset.index)];
    if (key !== "/" || !command) return;
    event.preventDefault(); // it would replace the text in a way that cannot be undone
    const caret = field.selectionEnd;
    const start = wordBefore(field.value, caret, "/");
    /** @type {any} */ (expander).dismiss();
    if (start === null) return;
    const { text, selected } = withoutMarks(command.text ?? "");
    replace(field, start, caret, text, selected);
    run(command);
  });
}

/** @param {Command[]} commands */
function menuOf(commands) {
  const menu = document.createElement("ul");
  menu.className = "menu";
  menu.setAttribute("role", "listbox");
  menu.setAttribute("aria-label", "Commands");
  for (const [index, { name, hint, isOwn }] of commands.entries()) {
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.id = `command-${index}`;
    option.dataset.index = String(index);
    const label = document.createElement("strong");
    label.textContent = `/${name}`;
    const said = document.createElement("span");
    said.className = "fine";
    said.textContent = isOwn ? `Yours: ${hint}` : hint;
    option.append(label, " ", said);
    menu.append(option);
  }
  return menu;
}
