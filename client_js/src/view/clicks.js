/**
 * Return whether a click follows a link in this tab: without modifier keys, with the main button.
 *
 * @param {MouseEvent} click
 */
export function isPlain({ button, ctrlKey, metaKey, shiftKey, altKey }) {
  return !(button || ctrlKey || metaKey || shiftKey || altKey);
}
