/** @import { Desk, DeskEntry, StoredEntry } from "../types.js" */
import { errorText } from "../api.js";
import { opened } from "../ui/dialog.js";
import { changedFields, difference } from "../ui/difference.js";
import { make } from "../ui/dom.js";
import { timeText } from "../ui/zones.js";

/**
 * Show the versions of an entry, and what each has changed.
 *
 * @param {Desk} desk
 * @param {DeskEntry} one
 * @param {(entry: StoredEntry) => unknown} edit puts an earlier state into the form
 */
export async function showVersions(desk, one, edit) {
  const answer = await desk.api.get(`/api/blogs/${desk.blog}/entries/${one.entry.id}/versions?limit=50`);
  if (!answer.ok) return desk.say(errorText(answer), "bad");
  /** @type {{version: number, entry: StoredEntry, at?: string, who?: {name: string}}[]} */
  const versions = answer.body.versions;
  const list = make("ol", { class: "versions", tabindex: "0", "aria-label": "Versions, newest first" });
  versions.forEach((version, index) => {
    const before = versions[index + 1];
    const changes = before ? changedFields(before.entry, version.entry) : [];
    const head = make(
      "h3",
      {},
      `Version ${version.version}`,
      make("small", {}, [version.who?.name, version.at && timeText(version.at, desk.timezone)].filter(Boolean).join(", ")),
    );
    const item = make("li", {}, head);
    for (const { label, before: old, after } of changes) {
      item.append(make("p", { class: "label" }, label), difference(old, after));
    }
    if (!before) item.append(make("p", { class: "fine" }, index === 0 ? "The only version." : "The first version that is kept."));
    else if (!changes.length) item.append(make("p", { class: "fine" }, "Nothing that readers see has changed."));
    if (index > 0) {
      const restore = () => {
        dialog.close();
        edit(version.entry);
      };
      item.append(make("button", { type: "button", class: "action", onclick: restore }, "Edit from this version"));
    }
    list.append(item);
  });
  const dialog = make(
    "dialog",
    { class: "dialog wide-dialog", "aria-labelledby": "versions-title" },
    make("h2", { id: "versions-title" }, "Versions"),
    list,
    make("p", { class: "buttons" }, make("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close")),
  );
  await opened(dialog);
}
