/** @import { Api } from "./api.js" */
/** @param {HTMLElement} _main @param {Api} _api */
export function startBlogs(_main, _api) {}
