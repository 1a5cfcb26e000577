/** @import { Draft, Intention, Kind } from "../types.js" */
import { fieldsOf, labelOf, statusOf } from "../form/fields.js";

/**
 * What an intention depends on besides the words.
 *
 * @typedef {object} Setting
 * @property {string} zone of the blog
 * @property {number} now by the server's clock, in milliseconds
 * @property {number} undoSeconds
 * @property {boolean} isFollowing whether another intention of the same draft is on its way
 */

/**
 * Return the intention to send a draft.
 *
 * @param {Kind} kind
 * @param {Draft} draft
 * @param {Setting} setting
 * @returns {Intention | null} null: the server has it like this already
 * @throws {import("../form/fields.js").WrongField}
 */
export function intentionOf(kind, draft, setting) {
  const { blog, words, base, entry, version } = draft;
  // What follows another request must also empty what that one has filled
  const fields = fieldsOf(words, base, setting.zone, setting.isFollowing);
  const status = statusOf(kind, draft, setting);
  delete fields.publish_at;
  const isChange = entry !== null;
  if (isChange && !Object.keys(fields).length && (!status.status || status.status === draft.status)) return null;
  return {
    ...blank(blog, labelOf(words)),
    kind: draft.status === "published" ? "edit" : kind,
    method: isChange ? "PATCH" : "POST",
    path: `/api/blogs/${blog}/entries${isChange ? `/${entry}` : ""}`,
    body: JSON.stringify({ ...fields, ...status }),
    ifMatch: isChange && version !== null ? `"${version}"` : null,
    draft,
  };
}

/**
 * A write that does not come from the form.
 *
 * @typedef {{method: string, path: string, body?: any, ifMatch?: string | null, label: string}} Act
 */

/**
 * Return the intention to do something else than to write.
 *
 * @param {string} blog
 * @param {Act} act `body` is an object
 * @returns {Intention}
 */
export function actOf(blog, { method, path, body, ifMatch, label }) {
  return { ...blank(blog, label), kind: "act", method, path, body: JSON.stringify(body ?? {}), ifMatch: ifMatch ?? null };
}

/**
 * @param {string} blog
 * @param {string} label
 */
function blank(blog, label) {
  return {
    key: crypto.randomUUID(),
    order: null,
    blog,
    label,
    draft: null,
    made: Date.now(),
    tried: null,
    state: /** @type {const} */ ("waiting"),
    problem: null,
  };
}
