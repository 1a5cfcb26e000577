/** @import { Entry } from "../core/messages.js" */
/** @import { Place } from "../core/place.js" */
/** @import { State } from "../core/state.js" */
/** @import { Setting } from "./entry.js" */
import { comparePlaces } from "../core/place.js";
import { element, timeElement } from "./elements.js";

/** How many a summary names; the server's has as many. */
const MOST = 10;

/**
 * The summary of a blog by its key events, as `templates/header.html` makes it.
 *
 * What the server named and this page has not loaded stays there until it is known to be different.
 *
 * @param {HTMLElement} part that has the summary so far
 * @param {State} state
 * @param {string[]} changed ids of entries
 * @param {Setting} setting
 */
export function keyEventsElement(part, state, changed, { blog, texts }) {
  const items = /** @type {HTMLElement[]} */ ([...part.querySelectorAll("li")]);
  const byId = new Map(items.map((item) => [item.dataset.entry ?? "", item.cloneNode(true)]));
  for (const id of new Set([...byId.keys(), ...changed])) {
    const entry = state.find(id);
    const isPublished = entry?.status === "published";
    if (isPublished && entry.key) {
      byId.set(id, itemElement(entry, `${state.entry(id) ? "" : `${blog}/entries/${id}`}#entry-${id}`));
    } else if (changed.includes(id) || (entry && !isPublished)) {
      byId.delete(id);
    }
  }
  const shown = /** @type {HTMLElement[]} */ ([...byId.values()]).sort((a, b) => comparePlaces(placeOfItem(b), placeOfItem(a)));
  if (!shown.length) return null;
  return element(
    "nav",
    { class: "key-events", part: "key-events", "aria-label": texts.key_events },
    element("h2", {}, texts.key_events),
    element("ol", {}, ...shown.slice(0, MOST)),
  );
}

/**
 * @param {HTMLElement} item
 * @returns {Place}
 */
function placeOfItem({ dataset }) {
  return [dataset.published ?? "", dataset.entry ?? ""];
}

/**
 * @param {Entry} entry
 * @param {string} href
 */
function itemElement({ id, title, text, published_at: publishedAt }, href) {
  return element(
    "li",
    { "data-entry": id, "data-published": publishedAt },
    element("a", { href }, timeElement(publishedAt), element("span", {}, title ?? text)),
  );
}
