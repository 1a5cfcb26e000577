/** @import { Texts } from "./macros.js" */

/**
 * How many updates are new, in words.
 *
 * @param {Texts} texts
 * @param {string | undefined} language
 * @param {number} count
 */
export function countText({ fresh }, language, count) {
  const rule = /** @type {"one" | "other"} */ (new Intl.PluralRules(language).select(count));
  return (fresh[rule] ?? fresh.other).replace("{n}", `${count}`);
}
