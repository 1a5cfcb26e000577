/** @import { Api } from "./api.js" */
/** @import { Desk } from "./types.js" */
import { startWriting } from "./writing/form.js";

/**
 * @param {HTMLElement} main
 * @param {Api} api
 */
export async function startBlog(main, api) {
  const session = await api.session();
  if (!session) return location.replace("/desk/sign-in");
  const { blog = "", language = "en", timezone = "UTC" } = main.dataset;
  /** @type {Desk} */
  const desk = {
    api,
    blog,
    session,
    language,
    timezone: timezone || "UTC",
    tab: crypto.randomUUID(),
    mayPublish: main.dataset.mayPublish === "true",
    undoSeconds: Number(main.dataset.undoSeconds),
    announce: (text) => (/** @type {HTMLElement} */ (document.querySelector("#announcer")).textContent = text),
    say: () => {},
    entry: () => undefined,
    tags: () => [],
    resolveConflict: async () => null,
    editing: () => {},
    events: new EventTarget(),
  };
  startWriting(/** @type {HTMLFormElement} */ (main.querySelector("[data-part=write]")), desk);
}
