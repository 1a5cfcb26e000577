import { createElement as h } from "react";
import { useLiveBlog } from "./use-live-blog.js";

/** @import { Entry } from "../../src/index.js" */

/** A blog that is followed while the component is on the page. @param {{src: string}} properties */
export function Blog({ src }) {
  const { header, entries, phase, hasOlder, loadOlder } = useLiveBlog(src);
  return h(
    "main",
    null,
    h("h1", null, header?.headline),
    h("p", { role: "status" }, phase),
    entries.map((entry) => h(Update, { key: entry.id, entry })),
    hasOlder && h("button", { type: "button", onClick: loadOlder }, "Older updates"),
  );
}

/** @param {{entry: Entry}} properties */
function Update({ entry }) {
  if (entry.status === "retracted") return h("article", null, entry.note ?? "This update was retracted.");
  // The server has made the HTML safe
  const body = h("div", { dangerouslySetInnerHTML: { __html: entry.html ?? "" } });
  return h("article", { id: entry.id }, entry.title && h("h2", null, entry.title), body);
}
