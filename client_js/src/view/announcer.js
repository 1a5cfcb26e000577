/** @import { Entry } from "../core/messages.js" */
/** @import { Macros } from "./macros.js" */
/** @import { Choices } from "./tools.js" */
import { countText } from "./count.js";

/** What comes within this time is said together, in milliseconds. */
const PAUSE = 1_500;

/**
 * Say what happens to those who cannot see it. Nothing else on the page does.
 *
 * @param {HTMLElement} region with the role `status`
 * @param {Macros} macros
 * @param {Choices} choices
 * @returns {(entry: Entry, isNew: boolean) => void} to be told of an entry that came, was corrected or retracted
 */
export function useAnnouncer(region, macros, choices) {
  /** @type {string[]} */
  const waiting = [];
  const speak = () => {
    const { length, 0: first } = waiting.splice(0);
    region.textContent = length > 1 ? countText(macros, length) : first;
  };
  return ({ status, title, text = "", key, breaking, corrections }, isNew) => {
    const { is_retracted: retracted, is_corrected: corrected } = macros.texts;
    const said = status === "retracted" ? !isNew && retracted : isNew ? "{title}" : corrections && corrected;
    const important = status === "retracted" || key || breaking;
    if (!said || choices.announce === "none" || (choices.announce === "key" && !important)) return;
    if (waiting.push(said.replace("{title}", () => title ?? text.slice(0, 120))) === 1) setTimeout(speak, PAUSE);
  };
}
