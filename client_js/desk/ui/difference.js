import { diffWordsWithSpace } from "../vendor/diff.js";
import { make } from "./dom.js";

const MAX_CHARACTERS = 50_000;

/**
 * Return the difference of two texts: what is gone struck through, what is new marked.
 *
 * @param {string} before
 * @param {string} after
 */
export function difference(before, after) {
  const shown = make("div", { class: "difference", dir: "auto" });
  const isShort = before.length + after.length <= MAX_CHARACTERS;
  const parts = (isShort && diffWordsWithSpace(before, after, { timeout: 500 })) || [
    { value: before, removed: true, added: false },
    { value: after, removed: false, added: true },
  ];
  for (const { value, added, removed } of parts) {
    if (added) shown.append(make("ins", {}, value));
    else if (removed) shown.append(make("del", {}, value));
    else shown.append(value);
  }
  return shown;
}

/** @type {[string, string][]} */
const FIELDS = [
  ["title", "Title"],
  ["body", "Text"],
  ["authors", "Authors"],
  ["tags", "Tags"],
  ["source", "Source"],
  ["media", "Media"],
  ["flags", "Marks"],
  ["corrections", "Corrections"],
  ["event_at", "Time of the event"],
  ["publish_at", "Publish at"],
  ["expires_at", "Retract at"],
  ["status", "Status"],
];

/**
 * Return the fields in which two states of an entry differ, each as texts.
 *
 * @param {any} before
 * @param {any} after
 * @returns {{label: string, before: string, after: string}[]}
 */
export function changedFields(before, after) {
  return FIELDS.map(([name, label]) => ({ label, before: fieldText(before, name), after: fieldText(after, name) })).filter(
    (one) => one.before !== one.after,
  );
}

/**
 * @param {any} entry
 * @param {string} name
 * @returns {string}
 */
function fieldText(entry, name) {
  const value = entry[name];
  switch (name) {
    case "body":
      return entry.markdown ?? entry.text ?? entry.html ?? "";
    case "authors":
      return (value ?? []).map((/** @type {any} */ one) => one.name).join(", ");
    case "tags":
      return (value ?? []).join(", ");
    case "source":
      return value ? [value.name, value.url].filter(Boolean).join(" ") : "";
    case "media":
      return (value ?? []).map((/** @type {any} */ one) => [one.url, one.alt, one.caption].filter(Boolean).join(" · ")).join("\n");
    case "corrections":
      return (value ?? []).map((/** @type {any} */ one) => one.text).join("\n");
    case "flags":
      return ["key", "pinned", "breaking"].filter((flag) => entry[flag]).join(", ");
  }
  return value ?? "";
}
