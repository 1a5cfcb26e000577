/** @import { Desk, DeskEntry } from "../types.js" */
/** @import { Group } from "./entries.js" */
import { parseHtml } from "../../src/view/html.js";
import { localise } from "../../src/view/times.js";
import { button, counted, make } from "../ui/dom.js";
import { timeText } from "../ui/zones.js";

/**
 * @typedef {{readers: number, received: number, half_ms: number, p95_ms: number}} Delivery
 * @typedef {{group: Group, delivery?: Delivery, editors: string[], selected: boolean}} Around
 */

/**
 * Return an entry as readers see it, with what editors see around it.
 *
 * @param {Desk} desk
 * @param {DeskEntry} one
 * @param {Around} around
 */
export function makeRow(desk, one, around) {
  const { entry } = one;
  const row = make("li", { class: "row", "data-id": entry.id, "data-group": around.group });
  row.append(articleOf(desk, one), makeFoot(desk, one, around));
  return row;
}

/**
 * Return what is below an entry: its state, its delivery, and what can be done with it.
 *
 * @param {Desk} desk
 * @param {DeskEntry} one
 * @param {Around} around
 */
export function makeFoot(desk, one, around) {
  const { entry } = one;
  const foot = make("div", { class: "foot" });
  for (const line of [stateOf(desk, entry, around.group), remarkOf(entry), deliveryOf(around.delivery), editorsOf(around)]) {
    if (line) foot.append(line);
  }
  const name = entry.title ?? entry.text?.slice(0, 60) ?? "this entry";
  const actions = make("div", { class: "actions", role: "group", "aria-label": `Actions for ${name}` });
  for (const [label, action, keys, more] of actionsOf(desk, entry, around.group)) {
    actions.append(button(label, action, { keys, class: more?.primary ? "action main" : "action", pressed: more?.pressed }));
  }
  if (around.selected) actions.prepend(make("span", { class: "selected" }, "Selected"));
  foot.append(actions);
  return foot;
}

/**
 * Return the server's article, in the language and direction of the blog.
 *
 * @param {Desk} desk
 * @param {DeskEntry} one
 */
export function articleOf(desk, { entry, html }) {
  const article = parseHtml(html).querySelector("article") ?? plainArticle(entry);
  article.tabIndex = -1;
  article.lang = desk.language;
  article.dir = desk.direction;
  localise(article, desk.language, desk.timezone);
  if (!entry.title && !entry.html && !entry.media?.length && entry.status !== "retracted") {
    article.append(make("p", { class: "fine", lang: "en", dir: "ltr" }, "Nothing written yet."));
  }
  return article;
}

/**
 * Return an article for an entry whose rendering the server has not sent.
 *
 * @param {DeskEntry["entry"]} entry
 */
function plainArticle({ id, title, html }) {
  const article = make("article", { class: "entry", id: `entry-${id}` });
  if (title) article.append(make("h2", { dir: "auto" }, title));
  if (html) article.append(make("div", { class: "body", dir: "auto" }, parseHtml(html)));
  return article;
}

/**
 * @param {Desk} desk
 * @param {DeskEntry["entry"]} entry
 * @param {Group} group
 */
function stateOf(desk, entry, group) {
  const by = entry.created_by?.replace(/^(person|key):/, "");
  const line = make("p", { class: "state" });
  if (group === "undo") line.append(make("strong", { "data-countdown": entry.publish_at ?? "" }, "Publishing"));
  else if (group === "submitted") line.append(`Submitted by ${by ?? "somebody"}`);
  else if (group === "draft") line.append(`Draft by ${by ?? "somebody"}`);
  else if (group === "scheduled" && entry.publish_at) {
    line.append("Publishes at ", timeText(entry.publish_at, desk.timezone), " (", relative(entry.publish_at), ")");
  }
  if (entry.expires_at && entry.status !== "retracted") {
    line.append(line.textContent ? " · " : "", "Expires at ", timeText(entry.expires_at, desk.timezone));
  }
  if (entry.warnings?.length) line.append(line.textContent ? " · " : "", ...entry.warnings.join(" "));
  return line.textContent ? line : null;
}

/** @param {string} at */
function relative(at) {
  const time = document.createElement("relative-time");
  time.setAttribute("datetime", at);
  time.setAttribute("lang", "en");
  time.textContent = at;
  return time;
}

/** @param {DeskEntry["entry"]} entry */
function remarkOf({ remark }) {
  return remark ? make("p", { class: "remark", dir: "auto" }, make("strong", {}, "Sent back: "), remark) : null;
}

/** @param {Around} around */
function editorsOf({ editors }) {
  if (!editors.length) return null;
  return make("p", { class: "editing" }, `${editors.join(" and ")} ${editors.length > 1 ? "are" : "is"} editing this`);
}

/** @param {Delivery | undefined} delivery */
function deliveryOf(delivery) {
  return delivery ? make("p", { class: "delivery" }, deliveryText(delivery)) : null;
}

/**
 * Return the delivery of an entry in words: "1,240 of 1,240 readers, half within 0.1 s, 95 % within 0.3 s".
 *
 * @param {Delivery} delivery
 */
export function deliveryText({ readers, received, half_ms, p95_ms }) {
  if (!readers) return "No readers when it was published";
  const reached = `${received.toLocaleString("en")} of ${counted(readers, "reader")}`;
  if (half_ms == null || p95_ms == null) return reached;
  return `${reached} · half within ${seconds(half_ms)} · 95 % within ${seconds(p95_ms)}`;
}

/** @param {number} ms */
function seconds(ms) {
  return `${ms < 950 ? Math.max(0.1, ms / 1000).toFixed(1) : (ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
}

/**
 * Return what can be done with an entry: label, name of the action, shortcut.
 *
 * @param {Desk} desk
 * @param {DeskEntry["entry"]} entry
 * @param {Group} group
 * @returns {[string, string, string?, {primary?: boolean, pressed?: boolean}?][]}
 */
export function actionsOf(desk, entry, group) {
  const isMine = entry.created_by === `person:${desk.session.name}`;
  if (entry.status === "retracted") return [];
  if (!desk.mayPublish) {
    if (group === "published" || !isMine) return [];
    return [["Edit", "edit", "e"], ...(/** @type {any} */ (entry.submitted ? [["Take back", "withdraw"]] : [["Submit", "submit-entry"]])), ["Delete", "remove"]];
  }
  switch (group) {
    case "undo":
      return [["Undo", "undo", "u", { primary: true }], ["Publish now", "publish-now"]];
    case "submitted":
      return [["Approve", "approve", "a", { primary: true }], ["Edit", "edit", "e"], ["Send back", "send-back", "b"], ["Schedule", "schedule", "s"], ["Delete", "remove"]];
    case "draft":
      return [["Publish", "approve", "a"], ["Edit", "edit", "e"], ["Schedule", "schedule", "s"], ["Versions", "versions", "v"], ["Delete", "remove"]];
    case "scheduled":
      return [["Publish now", "publish-now"], ["Edit", "edit", "e"], ["Schedule", "schedule", "s"], ["Back to draft", "unschedule"], ["Delete", "remove"]];
  }
  return [
    ["Edit", "edit", "e"],
    ["Correct", "correct", "c"],
    ["Retract", "retract", "r"],
    ["Pin", "pin", "p", { pressed: Boolean(entry.pinned) }],
    ["Key event", "key", "K", { pressed: Boolean(entry.key) }],
    ["Breaking", "breaking", "B", { pressed: Boolean(entry.breaking) }],
    ["Expire", "expire", "x"],
    ["Versions", "versions", "v"],
  ];
}
