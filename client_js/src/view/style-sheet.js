import { beside } from "../beside.js";

/** @type {Promise<CSSStyleSheet> | undefined} */
let sheet;

/** The style sheet that all elements of a page share. Without it the blog is still there to be read. */
export function styleSheet() {
  sheet ??= load();
  return sheet;
}

async function load() {
  const made = new CSSStyleSheet();
  const text = await beside(new URL("./live-blog.css", import.meta.url), (answer) => answer.text());
  if (text === null) sheet = undefined; // another element may have more luck
  else made.replaceSync(text);
  return made;
}
