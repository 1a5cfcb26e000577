/** @import { Media } from "../types.js" */
import { parseHtml } from "../../../src/view/html.js";
import { Parser, subscribe } from "../../vendor/paste-markdown.js";
import { embedOf } from "./known-sites.js";
import { isOnEmptyLine } from "./text.js";

/** What a paste may have besides the text. */
const UNSEEN = "head, meta, link, style, script, title, template";

/**
 * Handle what is pasted into the text: links and tables become Markdown, a link of a known site that stands alone becomes
 * an embed, and images are attached.
 *
 * @param {HTMLTextAreaElement} field in a `file-attachment`
 * @param {(embed: Media) => void} addEmbed
 * @param {(files: File[]) => void} attach
 */
export function usePasting(field, addEmbed, attach) {
  Parser.parse = parse;
  field.addEventListener("paste", (event) => {
    const { clipboardData: data } = event;
    if (!data) return;
    const text = data.getData("text/plain");
    const embed = embedOf(text);
    const isAlone = field.selectionStart === field.selectionEnd && isOnEmptyLine(field.value, field.selectionStart);
    if (embed && isAlone) {
      event.preventDefault();
      event.stopImmediatePropagation();
      addEmbed(embed);
    }
  });
  subscribe(field);
  field.addEventListener("paste", (event) => {
    const { clipboardData: data } = event;
    // Word processors put a picture of the text beside it: the text is what is meant
    const images = [...(data?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
    if (data?.getData("text/plain").trim() || event.defaultPrevented) return event.stopPropagation();
    if (!images.length) return;
    event.preventDefault();
    event.stopPropagation(); // `file-attachment` takes only the first
    attach(images);
  });
}

/**
 * Return a document of pasted HTML, in which nothing runs or loads.
 *
 * @param {string} html
 */
function parse(html) {
  const made = document.implementation.createHTMLDocument("");
  const content = parseHtml(html);
  for (const one of content.querySelectorAll(UNSEEN)) one.remove();
  made.body.append(content);
  return made;
}
