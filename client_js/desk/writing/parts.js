/** @import { Desk } from "../types.js" */
/** @import { World } from "./outbox/outbox.js" */
/** @import { Words } from "./types.js" */
import { Api } from "./api.js";
import { fieldsOf } from "./form/fields.js";
import { FormFields } from "./form/form-fields.js";
import { MediaList } from "./form/media-list.js";
import { zoneOf } from "./form/moments.js";
import { Preview } from "./form/preview.js";
import { Snippets } from "./form/snippets.js";
import { Drafts, tidy } from "./keeping/drafts.js";
import { Storage } from "./keeping/storage.js";
import { Outbox } from "./outbox/outbox.js";
import { OutboxList } from "./outbox/outbox-list.js";
import { Screen } from "./screen.js";

/**
 * What the form is made of.
 *
 * @typedef {object} Parts
 * @property {Api} api
 * @property {Storage} storage
 * @property {Drafts} drafts
 * @property {Outbox} outbox
 * @property {FormFields} fields
 * @property {MediaList} media
 * @property {Preview<Words, Answer>} preview
 * @property {Snippets} snippets
 * @property {Screen} screen
 * @property {OutboxList} list
 *
 * @typedef {{html: string, warnings?: string[], fault?: {detail: string, field?: string}}} Answer to a preview
 */

/** The browser. @type {World} */
const BROWSER = {
  fetch: (...parameters) => fetch(...parameters),
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  locks: navigator.locks,
  BroadcastChannel: globalThis.BroadcastChannel,
};

/**
 * Make the parts of the form.
 *
 * @param {HTMLFormElement} form
 * @param {Desk} desk
 * @param {() => void} changed somebody has typed
 * @param {() => import("./outbox/outbox-list.js").Choices} choices
 * @returns {Promise<Parts>}
 */
export async function makeParts(form, desk, changed, choices) {
  const { session, blog } = desk;
  const api = new Api(BROWSER, session);
  const storage = await Storage.open(api.person);
  await tidy(storage, Date.now()).catch(() => {});
  const screen = new Screen(form, desk);
  const media = new MediaList(screen.part("files"), blog, () => api.token, changed);
  const fields = new FormFields(form, media);
  const drafts = new Drafts(storage, api, BROWSER, blog);
  const outbox = new Outbox(storage, api, BROWSER);
  const snippets = new Snippets(storage, /** @type {HTMLDialogElement} */ (document.querySelector("#snippets")));
  await snippets.load();
  const zone = zoneOf(desk.timezone);
  const ask = (/** @type {Words} */ words, /** @type {AbortSignal} */ signal) => {
    const { entry } = drafts.draft;
    return askPreview({ api, outbox, blog, zone, entry }, words, signal);
  };
  const preview = new Preview(ask, (answer) => showAnswer(screen, fields, answer), BROWSER);
  const list = new OutboxList(screen.part("outbox"), choices);
  return { api, storage, drafts, outbox, fields, media, preview, snippets, screen, list };
}

/**
 * Ask the server what readers would see.
 *
 * @param {{api: Api, outbox: Outbox, blog: string, zone: string, entry: string | null}} setting
 * @param {Words} words
 * @param {AbortSignal} signal
 * @returns {Promise<Answer | null>} null: there is no answer now
 */
async function askPreview({ api, outbox, blog, zone, entry }, words, signal) {
  let body;
  try {
    body = JSON.stringify(fieldsOf(words, null, zone, true));
  } catch {
    return null; // it is said when the entry is sent
  }
  const path = `/api/blogs/${blog}/preview${entry ? `?entry=${entry}` : ""}`;
  const answer = await api.call("POST", path, { body, headers: { "content-type": "application/json" }, signal });
  if (answer.status === 401 || answer.status === 403) void outbox.check();
  const content = await answer.json().catch(() => null);
  if (answer.ok) return content;
  const isFault = answer.status === 422 || answer.status === 413;
  return isFault && content ? { html: "", fault: { detail: content.detail, field: content.field } } : null;
}

/**
 * @param {Screen} screen
 * @param {FormFields} fields
 * @param {Answer} answer
 */
function showAnswer(screen, fields, answer) {
  if (answer.fault) screen.showFault(answer.fault.detail, fields.element(answer.fault.field), false);
  else screen.showPreview(answer);
}
