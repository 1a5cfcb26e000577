/** Languages that are written from right to left, unless they name a script; the same list as in base.html. */
const RIGHT_TO_LEFT = new Set("ar ckb dv fa he iw nqo ps sd ug ur yi".split(" "));

/** @param {string | undefined} language a BCP 47 tag */
export function directionOf(language) {
  const [first, ...rest] = (language ?? "").toLowerCase().split("-");
  if (rest.includes("latn") || rest.includes("cyrl")) return "ltr";
  return RIGHT_TO_LEFT.has(first) || rest.includes("arab") || rest.includes("hebr") ? "rtl" : "ltr";
}

/** What is in the blog's language. */
const CONTENT = ["title", "key-events", "pinned", "entries", "related"].map((name) => `[data-part=${name}]`).join();

/**
 * Tell the language of the blog from that of the page around.
 *
 * @param {ParentNode} root
 * @param {string | undefined} language a BCP 47 tag
 */
export function markLanguage(root, language = "en") {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(CONTENT))) {
    part.lang = language;
    part.dir = directionOf(language);
  }
}
