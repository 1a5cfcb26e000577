import de from "./texts/de.json" with { type: "json" };
import en from "./texts/en.json" with { type: "json" };

/** @typedef {typeof en} Texts what the page says by itself; the server's templates read the same files */
/** @typedef {Exclude<keyof Texts, "fresh">} TextName */

/** @type {Record<string, Texts>} */
const LANGUAGES = { de, en };

/**
 * Teach a language, or say some things in another way.
 *
 * @param {string} language the first part of a BCP 47 tag
 * @param {Partial<Texts>} texts what is left out is said in English
 */
export function addTexts(language, texts) {
  LANGUAGES[language] = { ...en, ...LANGUAGES[language], ...texts };
}

/**
 * The texts of a language, in English if there are none.
 *
 * @param {string | undefined} language a BCP 47 tag
 */
export function textsOf(language) {
  return LANGUAGES[(language ?? "en").toLowerCase().split("-")[0]] ?? en;
}

/**
 * The text around a place for something, like "Coverage starts {time}".
 *
 * @param {string} text
 * @returns {[before: string, after: string]}
 */
export function around(text) {
  const [before, after = ""] = text.split(/\{\w+\}/);
  return [before, after];
}

/**
 * How many updates are new, in words.
 *
 * @param {Texts} texts
 * @param {string | undefined} language
 * @param {number} count
 */
export function countText(texts, language, count) {
  const rule = new Intl.PluralRules(language).select(count);
  return (texts.fresh[/** @type {"one" | "other"} */ (rule)] ?? texts.fresh.other).replace("{n}", String(count));
}
