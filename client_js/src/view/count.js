/** @import { Setting } from "./setting.js" */

/**
 * How many updates are new, in words.
 *
 * @param {Setting} setting
 * @param {number} count
 */
export function countText({ texts: { fresh }, language }, count) {
  const rule = /** @type {"one" | "other"} */ (new Intl.PluralRules(language).select(count));
  return (fresh[rule] ?? fresh.other).replace("{n}", `${count}`);
}
