/** @import { Entry } from "../core/messages.js" */
/** @import { Setting } from "./setting.js" */
/** @import { Choices } from "./tools.js" */
import { countText } from "./count.js";
import { beginning } from "./setting.js";

/** Announce together what arrives within this time. */
const PAUSE_MILLISECONDS = 1_500;

const MAX_CHARACTERS = 120;

/**
 * Announce new, corrected and retracted entries to screen readers.
 *
 * @param {HTMLElement} region with the role `status`
 * @param {Setting} setting
 * @param {Choices} choices
 * @returns {(entry: Entry, isNew: boolean) => void} call it for each entry that is new or has changed
 */
export function useAnnouncer(region, setting, choices) {
  /** @type {string[]} */
  const waiting = [];
  const speak = () => {
    const { length, 0: first } = waiting.splice(0);
    region.textContent = length > 1 ? countText(setting, length) : first;
  };
  /** Return the title of an entry, or the beginning of its text. @param {Entry} entry */
  const headline = (entry) =>
    beginning(
      setting.article(entry)?.querySelector("[part~=entry-title], [part~=entry-body]")?.textContent ?? "",
      MAX_CHARACTERS,
    );
  return (entry, isNew) => {
    const { status, key, breaking, corrected } = entry;
    const { is_retracted: retracted, is_corrected: correction } = setting.texts;
    const said = status === "retracted" ? !isNew && retracted : isNew ? "{title}" : corrected && correction;
    const important = status === "retracted" || key || breaking;
    if (!said || choices.announce === "none" || (choices.announce === "key" && !important)) return;
    if (waiting.push(said.replace("{title}", () => headline(entry))) === 1) setTimeout(speak, PAUSE_MILLISECONDS);
  };
}
