/** @import { Desk, StoredEntry } from "../types.js" */
/** @import { Act } from "./outbox/make-intention.js" */
import "../vendor/file-attachment.js";
import "../vendor/markdown-toolbar.js";
import { complete } from "./form/completion.js";
import { useCommands } from "./form/expander.js";
import { usePasting } from "./form/pasting.js";
import { useKeys } from "./form/keys.js";
import { makeParts } from "./parts.js";
import { Writing } from "./writing.js";

/**
 * Give the form its life. What is asked of it at once waits until the browser's storage is open.
 *
 * @param {HTMLFormElement} form
 * @param {Desk} desk
 */
export function startWriting(form, desk) {
  const starting = start(form, desk);
  return {
    /** Put an entry into the form. @param {StoredEntry} entry @param {number} version */
    edit: async (entry, version) => (await starting).edit(entry, version),
    /** Begin a new entry, or go on with the one that was begun. */
    fresh: async () => (await starting).fresh(),
    /** Send another write with one Idempotency-Key, also over a lost network. @param {Act} act */
    act: async (act) => (await starting).sending.act(act),
    /** Resolves when the form is ready. */
    ready: starting.then(() => {}),
  };
}

/**
 * @param {HTMLFormElement} form
 * @param {Desk} desk
 */
async function start(form, desk) {
  const changed = () => writing.change();
  const parts = await makeParts(form, desk, changed, () => writing.sending.choices);
  const writing = new Writing(desk, parts);
  await writing.restore();
  form.addEventListener("input", changed);
  useElements(form, desk, parts, writing);
  useKeys(form, desk, writing);
  useBrowser(parts, writing);
  await parts.outbox.start();
  form.dataset.ready = "";
  void writing.forgetRetracted();
  return writing;
}

/**
 * @param {HTMLFormElement} form
 * @param {Desk} desk
 * @param {import("./parts.js").Parts} parts
 * @param {Writing} writing
 */
function useElements(form, desk, { fields, media, screen, snippets }, writing) {
  const { body } = fields;
  const expander = /** @type {HTMLElement} */ (form.querySelector("text-expander"));
  useCommands(expander, body, () => snippets.all, ({ flag, opens }) => {
    if (flag) fields.setFlag(flag);
    if (opens) snippets.open();
    writing.change();
  });
  const addEmbed = (/** @type {import("./types.js").Media} */ embed) => {
    const element = media.add(embed);
    element?.querySelector("input")?.select();
    screen.say(`Added: ${embed.caption}. Readers load it with a click.`, { seconds: 8 });
  };
  usePasting(body, addEmbed, (files) => media.attach(files));
  form.addEventListener("file-attachment-accepted", (event) => {
    const { attachments } = /** @type {CustomEvent} */ (event).detail;
    media.attach(attachments.map((/** @type {{file: File}} */ one) => one.file));
  });
  complete(/** @type {HTMLInputElement} */ (form.elements.namedItem("tags")), () => desk.tags());
}

/**
 * @param {import("./parts.js").Parts} parts
 * @param {Writing} writing
 */
function useBrowser({ drafts, outbox }, writing) {
  const flush = () => void drafts.flush();
  addEventListener("pagehide", flush);
  addEventListener("blur", flush);
  document.addEventListener("visibilitychange", () => (document.hidden ? flush() : void outbox.hurry()));
  addEventListener("online", () => outbox.setOnline(true));
  addEventListener("offline", () => outbox.setOnline(false));
  addEventListener("focus", () => outbox.hurry());
  if (!navigator.onLine) outbox.setOnline(false);
  addEventListener("beforeunload", (event) => {
    const isKept = outbox.detail.isLasting && !outbox.detail.items.some(({ order }) => order === null);
    if (!isKept && (writing.hasWords || outbox.items.length)) event.preventDefault();
  });
}
