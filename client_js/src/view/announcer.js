/** @import { Entry } from "../core/messages.js" */
/** @import { Setting } from "./setting.js" */
/** @import { Choices } from "./tools.js" */
import { countText } from "./count.js";

/** What comes within this time is said together, in milliseconds. */
const PAUSE = 1_500;

/**
 * Say what happens to those who cannot see it. Nothing else on the page does.
 *
 * @param {HTMLElement} region with the role `status`
 * @param {Setting} setting
 * @param {Choices} choices
 * @returns {(entry: Entry, isNew: boolean) => void} to be told of an entry that came, was corrected or retracted
 */
export function useAnnouncer(region, setting, choices) {
  /** @type {string[]} */
  const waiting = [];
  const speak = () => {
    const { length, 0: first } = waiting.splice(0);
    region.textContent = length > 1 ? countText(setting, length) : first;
  };
  /** The title of an entry, or the beginning of its text. @param {Entry} entry */
  const headline = (entry) =>
    setting.article(entry)?.querySelector("[part~=entry-title], [part~=entry-body]")?.textContent?.slice(0, 120) ?? "";
  return (entry, isNew) => {
    const { status, key, breaking, corrected } = entry;
    const { is_retracted: retracted, is_corrected: correction } = setting.texts;
    const said = status === "retracted" ? !isNew && retracted : isNew ? "{title}" : corrected && correction;
    const important = status === "retracted" || key || breaking;
    if (!said || choices.announce === "none" || (choices.announce === "key" && !important)) return;
    if (waiting.push(said.replace("{title}", () => headline(entry))) === 1) setTimeout(speak, PAUSE);
  };
}
