/** @import { Api } from "./api.js" */
/** @param {HTMLElement} _main @param {Api} _api */
export function startSettings(_main, _api) {}
