/** @import { EntryConflict } from "../types.js" */
import { opened } from "../ui/dialog.js";
import { changedFields, difference } from "../ui/difference.js";
import { button, find, make } from "../ui/dom.js";

/**
 * Show what an editor has written and what a colleague has saved meanwhile, with the difference. Both are kept until one
 * of them is chosen.
 *
 * @param {EntryConflict} conflict
 * @returns {Promise<"mine" | "theirs" | null>} null: put off
 */
export async function resolveConflict({ mine, theirs, version }) {
  const isGone = theirs.status === "retracted";
  const changes = changedFields(theirs, { ...theirs, ...mine, text: mine.markdown ?? theirs.text });
  const body = make("div", { class: "conflict", tabindex: "0", role: "region", "aria-label": "Differences" });
  for (const { label, before, after } of changes) {
    body.append(
      make(
        "section",
        {},
        make("h3", {}, label),
        make(
          "div",
          { class: "sides" },
          make("div", {}, make("h4", {}, "Mine"), make("p", { class: "side", dir: "auto" }, after || "(empty)")),
          make("div", {}, make("h4", {}, "Theirs"), make("p", { class: "side", dir: "auto" }, before || "(empty)")),
        ),
        make("h4", {}, "From theirs to mine"),
        difference(before, after),
      ),
    );
  }
  if (!changes.length) body.append(make("p", { class: "fine" }, "Both say the same."));
  /** @type {"mine" | "theirs" | null} */
  let choice = null;
  const dialog = make(
    "dialog",
    { class: "dialog wide-dialog", "aria-labelledby": "conflict-title", "aria-describedby": "conflict-text" },
    make("h2", { id: "conflict-title" }, isGone ? "This entry was retracted while you were writing" : "A colleague has changed this entry while you were writing"),
    make("p", { id: "conflict-text" }, isGone ? "Your text can no longer be saved there. Keep it to copy it, or let it go." : `Both versions are kept until you decide. Theirs is version ${version}.`),
    body,
    make(
      "p",
      { class: "buttons" },
      ...(isGone ? [] : [button("Keep mine", "mine", { keys: "m", class: "button primary" })]),
      button(isGone ? "Let mine go" : "Keep theirs", "theirs", { keys: "t" }),
      button("Decide later", "later", { keys: "Escape" }),
    ),
  );
  const decide = (/** @type {"mine" | "theirs" | null} */ what) => {
    choice = what;
    dialog.close();
  };
  dialog.addEventListener("click", (event) => {
    const what = event.target instanceof HTMLElement ? event.target.closest("button")?.dataset.do : undefined;
    if (what) decide(what === "later" ? null : /** @type {"mine" | "theirs"} */ (what));
  });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "t" && (event.key !== "m" || isGone)) return;
    event.preventDefault(); // or it would be typed into the field that gets the focus back
    decide(event.key === "m" ? "mine" : "theirs");
  });
  const closed = opened(dialog);
  find(dialog, ".buttons button").focus();
  await closed;
  return choice;
}
