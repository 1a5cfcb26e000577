/** Languages that are written from right to left, unless they name a script; the same list as in base.html. */
const RIGHT_TO_LEFT = new Set("ar ckb dv fa he iw nqo ps sd ug ur yi".split(" "));

/** @param {string | undefined} language a BCP 47 tag */
export function directionOf(language) {
  const [first, ...rest] = (language ?? "").toLowerCase().split("-");
  if (rest.includes("latn") || rest.includes("cyrl")) return "ltr";
  return RIGHT_TO_LEFT.has(first) || rest.includes("arab") || rest.includes("hebr") ? "rtl" : "ltr";
}
