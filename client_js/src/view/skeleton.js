/** @import { Setting } from "./entry.js" */
import { element } from "./elements.js";

/**
 * What a blog is shown in, before anything is known of it: the same, node by node, as `templates/blog.html` makes it,
 * with slots for what the page around has to say.
 *
 * @param {Setting} setting
 */
export function skeleton({ texts }) {
  const part = (/** @type {string} */ name) => element("div", { "data-part": name });
  const slot = (/** @type {string} */ name) => element("slot", { name });
  const feed = {
    id: "entries",
    class: "entries",
    "aria-label": texts.updates,
    tabindex: "-1",
    "data-part": "entries",
  };
  return [
    slot("masthead"),
    element(
      "header",
      { part: "head" },
      element("p", { class: "status", part: "status", "data-part": "status", "data-status": "live" }),
      part("title"),
    ),
    element(
      "div",
      { class: "columns" },
      part("key-events"),
      element(
        "div",
        { class: "line" },
        part("pinned"),
        part("tools"),
        element("div", { class: "fresh", "data-part": "fresh" }),
        element("section", feed),
        element("p", { class: "empty", "data-part": "empty" }, texts.empty),
        part("pages"),
      ),
      element("div", { class: "beside" }, part("related"), slot("related")),
    ),
    element("p", { class: "hint private" }, texts.private),
    element("p", { class: "quiet", role: "status", "data-part": "announcer" }),
    slot("footer"),
  ];
}
