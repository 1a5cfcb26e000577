import { make } from "./dom.js";

/**
 * @typedef {{name: string, label: string, kind?: "text" | "area" | "datetime-local", value?: string, hint?: string, required?: boolean, step?: string, max?: number, rows?: number}} Field
 * @typedef {{title: string, text?: string, fields?: Field[], action: string, danger?: boolean, content?: Node}} Question
 */

let number = 0;

/**
 * Ask something in a dialog. Return the values of its fields, or null if it was cancelled. Enter answers, except in a
 * text of several lines, where Ctrl+Enter does.
 *
 * @param {Question} question
 * @param {(values: Record<string, string>) => Promise<string | null>} [act] does it; returns an error to show, or null
 * @returns {Promise<Record<string, string> | null>}
 */
export function ask({ title, text, fields = [], action, danger, content }, act = async () => null) {
  const id = `dialog-${++number}`;
  const error = make("p", { class: "error", role: "alert", hidden: true });
  const submit = make("button", { class: danger ? "button danger" : "button primary" }, action);
  const form = make(
    "form",
    { class: "stack", method: "dialog" },
    make("h2", { id }, title),
    ...(text ? [make("p", {}, text)] : []),
    ...(content ? [content] : []),
    ...fields.map((one) => fieldOf(one, id)),
    error,
    make(
      "p",
      { class: "buttons" },
      submit,
      make("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
    ),
  );
  const dialog = make("dialog", { class: "dialog", "aria-labelledby": id }, form);
  return new Promise((resolve) => {
    /** @type {Record<string, string> | null} */
    let values = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const written = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));
      submit.disabled = true;
      const problem = await act(written);
      submit.disabled = false;
      error.hidden = !problem;
      error.textContent = problem;
      if (problem) return;
      values = written;
      dialog.close();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      event.stopPropagation(); // the shortcuts of the page wait
    });
    opened(dialog).then(() => resolve(values));
  });
}

/**
 * Open a dialog, and remove it when it is closed. The focus returns to where it was.
 *
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<void>} when it is closed
 */
export function opened(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve();
    }),
  );
}

/**
 * @param {Field} field
 * @param {string} form
 */
function fieldOf({ name, label, kind = "text", value = "", hint, required, step, max = 5_000, rows = 4 }, form) {
  const id = `${form}-${name}`;
  const given = {
    id,
    name,
    required: Boolean(required),
    maxlength: kind === "datetime-local" ? undefined : String(max),
    dir: kind === "datetime-local" ? undefined : "auto",
    "aria-describedby": hint && `${id}-hint`,
  };
  const input =
    kind === "area" ? make("textarea", { ...given, rows: String(rows) }, value) : make("input", { ...given, type: kind, value, step });
  const more = hint ? [make("span", { class: "hint", id: `${id}-hint` }, hint)] : [];
  return make("p", { class: "field" }, make("label", { for: id }, label), input, ...more);
}
