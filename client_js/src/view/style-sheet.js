/** @type {Promise<CSSStyleSheet> | undefined} */
let sheet;

/** The style sheet that all elements of a page share. Without it the blog is still there to be read. */
export function styleSheet() {
  sheet ??= load();
  return sheet;
}

async function load() {
  const made = new CSSStyleSheet();
  try {
    const answer = await fetch(new URL("./live-blog.css", import.meta.url));
    if (answer.ok) made.replaceSync(await answer.text());
  } catch {
    sheet = undefined; // another element may have more luck
  }
  return made;
}
