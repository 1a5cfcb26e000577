/**
 * Whether a click is not one that a browser does something else for, as to open a tab.
 *
 * @param {MouseEvent} click
 */
export function isPlain({ button, ctrlKey, metaKey, shiftKey, altKey }) {
  return !(button || ctrlKey || metaKey || shiftKey || altKey);
}
