/** What is written from right to left, unless it names a script that is not; as in `server/stoppress/web/pages/texts.py`. */
const RIGHT_TO_LEFT = /^(?!.*-(latn|cyrl))(.*-(arab|hebr)|(ar|ckb|dv|fa|he|iw|nqo|ps|sd|ug|ur|yi)\b)/i;

/**
 * Say in which language something is.
 *
 * @param {Iterable<HTMLElement>} elements
 * @param {string} [language] a BCP 47 tag
 */
export function setLanguage(elements, language = "en") {
  for (const one of elements) {
    one.lang = language;
    one.dir = RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr";
  }
}
