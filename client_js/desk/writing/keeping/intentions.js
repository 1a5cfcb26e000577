/** @import { Storage, Transaction } from "./storage.js" */
/** @import { Draft, Intention, Outcome, Problem } from "../types.js" */

import { ended, keepEpoch } from "./drafts.js";

/** The most intentions that are kept: more would mean that nothing is ever sent. */
export const MAX_INTENTIONS = 200;

/** Another tab writes this draft now. */
export class TakenOver extends Error {}

/** There are too many intentions. */
export class OutboxFull extends Error {}

/**
 * What becomes of the rest when an intention is kept.
 *
 * @typedef {object} Rest
 * @property {Draft | null} [next] the draft that the form goes on with; null: the draft of the intention ends
 * @property {string} [replaces] the key of an intention that was given back, whose words are in this one
 * @property {(draft: Draft, isFollowing: boolean) => Intention | null} [remake] makes the intention of a draft again; null: the server has it like this already
 */

/**
 * Keep an intention, and in the same transaction what becomes of the draft: so a crash leaves the words in the form or
 * in the outbox, never in both or in neither.
 *
 * @param {Storage} storage
 * @param {Intention} intention
 * @param {Rest} rest
 * @returns {Promise<Intention | null>} with its order; null: there is nothing to send
 * @throws {TakenOver | OutboxFull} nothing is kept
 */
export function keep(storage, intention, { next = null, replaces, remake }) {
  return storage.change(async (transaction) => {
    const { draft } = intention;
    const intentions = /** @type {Intention[]} */ (await transaction.all("intentions"));
    const answered = draft && (await answeredOf(transaction, draft));
    const isOfDraft = (/** @type {Intention} */ one) => draft !== null && one.draft?.id === draft.id;
    const isReplaced = (/** @type {Intention} */ one) =>
      (one.state !== "waiting" || one.tried === null) && (one.key === replaces || isOfDraft(one));
    const earlier = intentions.filter(isReplaced);
    for (const one of earlier) await transaction.remove("intentions", /** @type {number} */ (one.order));
    if (intentions.length - earlier.length >= MAX_INTENTIONS) throw new OutboxFull();
    const isFollowing = intentions.some((one) => isOfDraft(one) && one.state === "waiting" && !earlier.includes(one));
    const made = answered && remake ? remake({ ...draft, ...answered }, isFollowing) : intention;
    if (draft) {
      if (next?.id !== draft.id) await transaction.put("drafts", ended(draft));
      if (next) await transaction.put("drafts", next.id === draft.id ? { ...next, ...answered } : next);
    }
    if (!made) return null;
    const kept = /** @type {Partial<Intention>} */ ({ ...made, key: intention.key, tried: intention.tried });
    delete kept.order; // the database gives it one
    const order = await transaction.put("intentions", kept);
    return /** @type {Intention} */ ({ ...kept, order });
  }, true);
}

/**
 * Remember that the server may have a request from now on.
 *
 * @param {Storage} storage
 * @param {Intention} intention
 * @param {number} now
 * @returns {Promise<Intention | null>} as it is kept; null if it is gone
 */
export function markTried(storage, { order, key }, now) {
  return storage.change(async (transaction) => {
    const kept = await transaction.get("intentions", /** @type {number} */ (order));
    if (!kept || kept.key !== key || kept.state !== "waiting") return null;
    kept.tried ??= now;
    await transaction.put("intentions", kept);
    return kept;
  }, true);
}

/**
 * Apply what the server has answered: end the intention, or give its words back.
 *
 * @param {Storage} storage
 * @param {Intention} intention
 * @param {Outcome} outcome
 */
export function settle(storage, intention, outcome) {
  return storage.change(async (transaction) => {
    const order = /** @type {number} */ (intention.order);
    const later = await laterOf(transaction, intention);
    if (outcome.kind === "done") {
      await transaction.remove("intentions", order);
      for (const one of later) await transaction.put("intentions", follow(one, outcome.content, outcome.version));
      await followDraft(transaction, intention, outcome.content, outcome.version);
    } else if (later.length) {
      await transaction.remove("intentions", order);
      const [next] = later;
      inherit(next, intention);
      await transaction.put("intentions", isKnown(outcome.problem) ? next : returned(next, outcome));
    } else {
      await transaction.put("intentions", returned(intention, outcome));
    }
  });
}

/**
 * Remove an intention whose words are in the form again, or are not wanted any more.
 *
 * @param {Storage} storage
 * @param {string} key
 * @param {Draft | null} [draft] to put into the form
 * @returns {Promise<Intention | null>} null if it is gone, or if the server may have it
 */
export function take(storage, key, draft = null) {
  return storage.change(async (transaction) => {
    const found = (await transaction.all("intentions")).find((one) => one.key === key);
    if (!found || (found.state === "waiting" && found.tried !== null)) return null;
    await transaction.remove("intentions", found.order);
    if (draft) await transaction.put("drafts", draft);
    return found;
  });
}

/** @param {Storage} storage @returns {Promise<Intention[]>} */
export const listIntentions = (storage) => storage.change((transaction) => transaction.all("intentions"));

/**
 * Return a draft as it is kept.
 *
 * @param {Transaction} transaction
 * @param {Draft} draft
 * @returns {Promise<Draft | undefined>}
 * @throws {TakenOver} a newer tab has taken it over
 */
export async function requireTab(transaction, draft) {
  const kept = await transaction.get("drafts", draft.id);
  if (kept && (kept.tab !== draft.tab || kept.isEnded)) throw new TakenOver();
  return kept;
}

/**
 * Return what the server has answered about a draft since the form read it; null if it has not.
 *
 * @param {Transaction} transaction
 * @param {Draft} draft
 * @returns {Promise<Pick<Draft, "entry" | "version" | "status" | "base"> | null>}
 * @throws {TakenOver}
 */
async function answeredOf(transaction, draft) {
  const kept = await requireTab(transaction, draft);
  if (!kept || (kept.entry === draft.entry && kept.version === draft.version)) return null;
  const { entry, version, status, base } = kept;
  return { entry, version, status, base };
}

/**
 * Return the waiting intentions of the same draft that were made after this one.
 *
 * @param {Transaction} transaction
 * @param {Intention} intention
 * @returns {Promise<Intention[]>}
 */
async function laterOf(transaction, { draft, order }) {
  if (!draft) return [];
  const all = /** @type {Intention[]} */ (await transaction.all("intentions"));
  const isLater = (/** @type {Intention} */ one) => one.draft?.id === draft.id && Number(one.order) > Number(order);
  return all.filter((one) => isLater(one) && one.state === "waiting");
}

/**
 * Give a newer intention the address of one that was not carried out.
 *
 * @param {Intention} next
 * @param {Intention} failed
 */
function inherit(next, { method, path, ifMatch }) {
  if (next.method !== "DELETE") Object.assign(next, { method, path, ifMatch });
}

/**
 * Return an intention that follows one that was carried out: it changes the entry that is there now.
 *
 * @param {Intention} next
 * @param {any} entry
 * @param {number | null} version
 * @returns {Intention}
 */
function follow(next, entry, version) {
  const ifMatch = version === null ? next.ifMatch : `"${version}"`;
  if (next.method !== "POST" || !entry?.id) return { ...next, ifMatch };
  return { ...next, method: "PATCH", path: `/api/blogs/${next.blog}/entries/${entry.id}`, ifMatch };
}

/**
 * Let the draft that is still in the form know the entry that it has become.
 *
 * @param {Transaction} transaction
 * @param {Intention} intention
 * @param {any} entry
 * @param {number | null} version
 */
async function followDraft(transaction, { draft }, entry, version) {
  const kept = draft && (await transaction.get("drafts", draft.id));
  if (!kept || kept.isEnded || !entry?.id) return;
  await transaction.put("drafts", { ...kept, entry: entry.id, version, status: entry.status, base: draft.words });
}

/** @param {Problem} problem */
const isKnown = ({ status }) => status >= 400 && status < 500;

/**
 * @param {Intention} intention
 * @param {Outcome & {kind: "returned" | "conflict"}} outcome
 * @returns {Intention}
 */
const returned = (intention, { kind, problem }) => ({ ...intention, state: kind, problem });

/**
 * Return the epoch with which to send an intention: that of the tab that has the draft now.
 *
 * @param {Storage} storage
 * @param {Draft} draft of the intention
 * @param {(draft: string) => Promise<number | null>} takeOver asks the server for one
 */
export async function epochOf(storage, { id, tab, epoch }, takeOver) {
  const kept = await storage.change((transaction) => transaction.get("drafts", id)).catch(() => undefined);
  const isFollowed = kept && !kept.isEnded;
  const known = isFollowed ? kept.epoch : (epoch ?? kept?.epoch);
  if (known != null) return known;
  const given = await takeOver(id);
  if (given !== null) await keepEpoch(storage, id, kept?.tab ?? tab, given).catch(() => {});
  return given;
}
