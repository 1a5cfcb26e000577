/** @import { Desk } from "../../types.js" */
/** @import { Writing } from "../writing.js" */

/**
 * Let the keys and buttons of the form act.
 *
 * @param {HTMLFormElement} form
 * @param {Desk} desk
 * @param {Writing} writing
 */
export function useKeys(form, desk, writing) {
  const send = desk.mayPublish ? /** @type {const} */ ("publish") : /** @type {const} */ ("submit");
  /** @type {Record<string, () => void>} */
  const acts = {
    publish: () => void writing.sending.send("publish"),
    submit: () => void writing.sending.send("submit"),
    draft: () => void writing.sending.send("draft"),
    schedule: () => schedule(form, writing),
    discard: () => void writing.discard(),
    "take-over": () => void writing.takeOver(),
    snippets: () => writing.openSnippets(),
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void writing.sending.send(send);
  });
  form.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest?.("button[data-do]");
    if (!(button instanceof HTMLButtonElement) || button.type === "submit") return;
    acts[button.dataset.do ?? ""]?.();
  });
  form.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && isCommand) {
      event.preventDefault();
      void writing.sending.send(send);
    } else if (event.key === "Enter" && /** @type {HTMLElement} */ (event.target).tagName === "INPUT") {
      event.preventDefault(); // in a line of text it must not publish
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      if (!writing.leave()) /** @type {HTMLElement} */ (document.activeElement)?.blur();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault(); // also elsewhere on the page: the browser would save the page
    if (!document.querySelector("dialog[open]")) void writing.sending.send("draft");
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {Writing} writing
 */
function schedule(form, writing) {
  const at = /** @type {HTMLInputElement} */ (form.elements.namedItem("publish_at"));
  if (at.value) return void writing.sending.send("publish");
  const details = at.closest("details");
  if (details) details.open = true;
  at.focus();
}
