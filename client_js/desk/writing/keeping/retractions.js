/** @import { Draft, Intention } from "../types.js" */
/** @import { Storage } from "./storage.js" */
import { isSame } from "../form/fields.js";
import { ended } from "./drafts.js";

/**
 * Forget what the browser has of an entry that was retracted. Words that the editor has changed stay until they are
 * discarded: nobody else has them.
 *
 * @param {Storage} storage
 * @param {string} entry its id
 */
export function forget(storage, entry) {
  return storage.change(async (transaction) => {
    const drafts = /** @type {Draft[]} */ (await transaction.all("drafts"));
    for (const draft of drafts.filter((one) => one.slot === entry && !one.isEnded)) {
      const isUnchanged = draft.base !== null && isSame(draft.words, draft.base);
      await transaction.put("drafts", isUnchanged ? ended(draft) : { ...draft, base: null });
    }
    const intentions = /** @type {Intention[]} */ (await transaction.all("intentions"));
    for (const one of intentions.filter(({ state, problem }) => state === "conflict" && problem?.current?.id === entry)) {
      const problem = { status: 409, detail: "The entry was retracted meanwhile. Send your words as a new entry." };
      const draft = one.draft && { ...one.draft, base: null };
      await transaction.put("intentions", { ...one, state: "returned", draft, problem });
    }
  });
}

/**
 * Return the entries whose text the browser may have.
 *
 * @param {Draft[]} drafts
 */
export function entriesOf(drafts) {
  return [...new Set(drafts.filter(({ slot }) => slot !== "new").map(({ slot }) => slot))];
}
