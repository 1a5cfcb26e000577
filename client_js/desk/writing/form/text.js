/** Changes of a text field that can be undone with Ctrl+Z, as if they were typed. */

/**
 * @typedef {HTMLTextAreaElement | HTMLInputElement} TextField
 */

/**
 * Replace a part of the text, and put the caret behind what is new, or select a part of that.
 *
 * @param {TextField} field
 * @param {number} start
 * @param {number} end
 * @param {string} text
 * @param {[number, number]} [selected] as seen from `start`
 */
export function replace(field, start, end, text, selected = [text.length, text.length]) {
  field.focus();
  field.setSelectionRange(start, end);
  // Deprecated, but the only way that the browser's undo knows; it sends `input` itself
  const command = text ? "insertText" : "delete";
  const isDone = start === end && !text ? true : document.execCommand(command, false, text);
  if (!isDone) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.setSelectionRange(start + selected[0], start + selected[1]);
}

/**
 * Return where the word before the caret begins that starts with a character; null if there is none.
 *
 * @param {string} text
 * @param {number} caret
 * @param {string} first
 */
export function wordBefore(text, caret, first) {
  const start = text.slice(0, caret).search(/\S+$/);
  return start >= 0 && text[start] === first ? start : null;
}

/**
 * Return whether the line of the caret is empty.
 *
 * @param {string} text
 * @param {number} caret
 */
export function isOnEmptyLine(text, caret) {
  const before = text.lastIndexOf("\n", caret - 1) + 1;
  const after = text.indexOf("\n", caret);
  return !text.slice(before, after < 0 ? text.length : after).trim();
}
