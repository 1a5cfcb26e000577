/** @import { Desk } from "../types.js" */

/**
 * @param {HTMLFormElement} _form
 * @param {Desk} _desk
 */
export function startWriting(_form, _desk) {
  return {
    /** Put an entry into the form. @param {any} _stored @param {number} _version */
    edit(_stored, _version) {},
    /** Begin a new entry. */
    fresh() {},
  };
}
