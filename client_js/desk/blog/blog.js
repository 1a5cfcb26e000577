/** @import { Api } from "../api.js" */
/** @import { Desk, DeskEntry } from "../types.js" */
import { button, counted, find, make } from "../ui/dom.js";
import { listen } from "../ui/keys.js";
import { announce, say } from "../ui/messages.js";
import { signInAgain } from "../ui/signed-out.js";
import { known } from "../ui/zones.js";
import { startWriting } from "../writing/form.js";
import { makeActions, retractSeveral } from "./actions.js";
import { resolveConflict } from "./conflict.js";
import { startOlder } from "./older.js";
import { startPresence } from "./presence.js";
import { showReaders } from "./readers.js";
import { startSearch } from "./search.js";
import { shortcutsOf } from "./shortcuts.js";
import { makeStatus } from "./status.js";
import { follow } from "./stream.js";
import { Timeline } from "./timeline.js";

/**
 * The desk of one blog: the form beside the timeline.
 *
 * @param {HTMLElement} main
 * @param {Api} api
 */
export async function startBlog(main, api) {
  const session = await api.session();
  if (!session) return location.replace(`/desk/sign-in?next=${encodeURIComponent(location.pathname)}`);
  api.signInAgain = () => signInAgain(api, session);
  const desk = makeDesk(main, api, session);
  const timeline = new Timeline(desk, find(main, "#entries"));
  Object.assign(desk, {
    entry: (/** @type {string} */ id) => timeline.entries.get(id),
    tags: () => timeline.entries.tags(),
  });
  const form = /** @type {HTMLFormElement} */ (find(main, "[data-part=write]"));
  const presence = startPresence(desk, find(document, "[data-part=people]"));
  desk.editing = (what) => presence.set(what);
  timeline.editorsOf = (id) => presence.editorsOf(id);
  const writing = startWriting(form, desk);
  const view = startViews(main);
  const write = () => {
    view("write");
    writing.fresh();
    find(form, "[name=markdown]").focus();
  };
  const edit = (/** @type {DeskEntry} */ { entry, version }) => {
    view("write");
    writing.edit(entry, version);
  };
  const actions = makeActions(desk, { edit });
  const act = async (/** @type {string} */ action, /** @type {string} */ id) => {
    const one = timeline.entries.get(id);
    if (one) await actions[action]?.(one);
  };
  const search = startSearch(desk, timeline, find(main, ".timeline"));
  const selection = startSelection(desk, timeline, find(main, "#selection"));
  const showKeys = listen(
    shortcutsOf(timeline, act, {
      write,
      search: () => {
        view("timeline");
        search.focus();
      },
      retractSelected: selection.retract,
    }),
  );
  find(document, "[data-do=keys]").addEventListener("click", showKeys);
  timeline.root.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const id = target?.closest("li.row")?.getAttribute("data-id");
    const action = target?.closest("button")?.dataset.do;
    if (id && action) act(action, id);
    else if (id && target && !target.closest("a, button, audio, video, [tabindex='0']")) timeline.focus(id);
  });
  startStream(main, desk, timeline, presence);
}

/**
 * @param {HTMLElement} main
 * @param {Api} api
 * @param {import("../api.js").Session} session
 * @returns {Desk}
 */
function makeDesk(main, api, session) {
  const { blog = "", language = "en", timezone = "", dir = "ltr" } = main.dataset;
  return {
    api,
    blog,
    session,
    language,
    direction: dir,
    timezone: known(timezone),
    tab: crypto.randomUUID(),
    mayPublish: main.dataset.mayPublish === "true",
    undoSeconds: Number(main.dataset.undoSeconds),
    announce,
    say,
    entry: () => undefined,
    load: async () => undefined,
    tags: () => [],
    resolveConflict,
    editing: () => {},
    events: new EventTarget(),
  };
}

/**
 * Follow the stream of the desk.
 *
 * @param {HTMLElement} main
 * @param {Desk} desk
 * @param {Timeline} timeline
 * @param {ReturnType<typeof startPresence>} presence
 */
function startStream(main, desk, timeline, presence) {
  const readers = find(document, "[data-part=readers]");
  const older = startOlder(main, desk, timeline);
  /** @type {Record<string, (data: any) => void>} */
  const takes = {
    snapshot(data) {
      timeline.root.removeAttribute("aria-busy");
      takes.header(data);
      timeline.reset(data.entries);
      for (const detail of data.entries) desk.events.dispatchEvent(new CustomEvent("entry", { detail }));
      for (const one of data.delivery ?? []) timeline.deliveries.set(one.id, one);
      takes.people({ people: data.people ?? [] });
      if (data.readers?.nodes) showReaders(readers, data.readers);
      older.reset(data.older);
    },
    entry(one) {
      timeline.take(one);
      desk.events.dispatchEvent(new CustomEvent("entry", { detail: one }));
    },
    gone({ id }) {
      timeline.remove(id);
      desk.events.dispatchEvent(new CustomEvent("gone", { detail: id }));
    },
    header({ header }) {
      if (!header) return;
      const part = find(document, "[data-part=headline]");
      part.textContent = header.headline;
      document.title = `${header.headline} · Stoppress desk`;
      const status = find(document, "[data-part=blog-status]");
      status.dataset.status = header.status;
      status.textContent = header.status === "live" ? "Live" : `${header.status[0].toUpperCase()}${header.status.slice(1)}`;
      const note = find(main, "#handover");
      note.hidden = !header.handover;
      find(note, "p").textContent = header.handover ?? "";
      const zone = known(header.timezone ?? "");
      if (zone !== desk.timezone || (header.language ?? "en") !== desk.language) {
        Object.assign(desk, { timezone: zone, language: header.language ?? "en" });
        timeline.renew();
      }
    },
    people({ people }) {
      presence.show(people);
      timeline.plan();
    },
    readers: (data) => showReaders(readers, data),
    delivery(one) {
      timeline.deliveries.set(one.id, one);
      timeline.plan();
    },
  };
  const tell = makeStatus(main, async () => {
    if (await desk.api.hasSession()) stream.open();
  });
  const stream = follow(desk.blog, desk.api, (kind, data) => takes[kind](data), tell);
}

/**
 * Let phones, where both do not fit, show either the form or the timeline.
 *
 * @param {HTMLElement} main
 */
function startViews(main) {
  const tabs = /** @type {HTMLElement[]} */ ([...main.querySelectorAll("[data-view]")]);
  const show = (/** @type {string} */ name) => {
    main.dataset.shown = name;
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.view === name));
  };
  for (const tab of tabs) tab.addEventListener("click", () => show(tab.dataset.view ?? ""));
  show("timeline");
  return show;
}

/**
 * Show what is selected, and what can be done with it.
 *
 * @param {Desk} desk
 * @param {Timeline} timeline
 * @param {HTMLElement} bar
 */
function startSelection(desk, timeline, bar) {
  const retract = async () => {
    const entries = [...timeline.selected];
    if (!(await retractSeveral(desk, { entries }, entries.length))) return;
    timeline.selected.clear();
    timeline.plan();
  };
  timeline.shown = () => {
    for (const id of timeline.selected) {
      if (timeline.entries.get(id)?.entry.status !== "published") timeline.selected.delete(id);
    }
    bar.hidden = !timeline.selected.size || !desk.mayPublish;
    if (bar.hidden) return bar.replaceChildren();
    const retractAll = button("Retract", "retract-selected", { keys: "r", class: "action" });
    const clear = button("Clear", "clear-selection", { class: "action" });
    retractAll.addEventListener("click", retract);
    clear.addEventListener("click", () => {
      timeline.selected.clear();
      timeline.plan();
    });
    bar.replaceChildren(make("span", {}, counted(timeline.selected.size, "entry", "entries"), " selected"), retractAll, clear);
  };
  return { retract };
}
