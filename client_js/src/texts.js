import { beside } from "./beside.js";
import en from "./texts/en.json" with { type: "json" };

/** @typedef {typeof en} Texts what the page says by itself; the server's templates read the same files */
/** @typedef {Exclude<keyof Texts, "fresh">} TextName */

/** The languages beside English. A reader loads one at most. @type {Record<string, URL | undefined>} */
const FILES = { de: new URL("./texts/de.json", import.meta.url) };

/** What was added to them. @type {Record<string, Partial<Texts> | undefined>} */
const ADDED = {};

/**
 * Teach a language, or say some things in another way.
 *
 * @param {string} language the first part of a BCP 47 tag
 * @param {Partial<Texts>} texts what is left out is said in English
 */
export function addTexts(language, texts) {
  ADDED[language] = { ...ADDED[language], ...texts };
}

/**
 * The texts of a language, in English if there are none.
 *
 * @param {string | undefined} language a BCP 47 tag
 * @returns {Promise<Texts>}
 */
export async function textsOf(language) {
  const [first] = (language ?? "en").toLowerCase().split("-");
  const file = FILES[first];
  const own = await (file && beside(file, (answer) => answer.json())); // who adds texts has its turn in any case
  return { ...en, ...own, ...ADDED[first] };
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
