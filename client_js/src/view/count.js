/** @import { Macros } from "./macros.js" */

/**
 * How many updates are new, in words.
 *
 * @param {Macros} macros
 * @param {number} count
 */
export function countText({ texts: { fresh }, language }, count) {
  const rule = /** @type {"one" | "other"} */ (new Intl.PluralRules(language).select(count));
  return (fresh[rule] ?? fresh.other).replace("{n}", `${count}`);
}
