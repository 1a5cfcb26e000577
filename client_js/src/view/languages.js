/**
 * Say in which language the blog is: of the document, if that is the blog's own, or of the parts that are.
 *
 * @param {HTMLElement | ShadowRoot} root
 * @param {string | undefined} language a BCP 47 tag
 */
export function setLanguage(root, language = "en") {
  const { documentElement } = document;
  for (const one of root instanceof ShadowRoot ? root.querySelectorAll("[data-part][lang]") : [documentElement]) {
    one.setAttribute("lang", language);
    one.setAttribute("dir", directionOf(language) ?? "");
  }
}

/**
 * As this browser knows it; the server knows it for itself when it makes a page.
 *
 * @param {string} language
 */
function directionOf(language) {
  try {
    const locale = /** @type {any} */ (new Intl.Locale(language));
    return (locale.getTextInfo?.() ?? locale.textInfo)?.direction;
  } catch {
    return null; // no language tag at all
  }
}
