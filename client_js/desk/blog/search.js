/** @import { Desk, StoredEntry } from "../types.js" */
/** @import { Timeline } from "./timeline.js" */
import { errorText } from "../api.js";
import { announce } from "../ui/messages.js";
import { button, counted, find, make } from "../ui/dom.js";
import { timeText } from "../ui/zones.js";
import { retractSeveral } from "./actions.js";

const WAIT_MS = 250;
const LIMIT = 100;
const FIELDS = ["q", "source", "tag", "author", "status"];

/**
 * Search the entries of a blog. What is found stands in place of the timeline until the search is empty again.
 *
 * @param {Desk} desk
 * @param {Timeline} timeline
 * @param {HTMLElement} root
 */
export function startSearch(desk, timeline, root) {
  const form = /** @type {HTMLFormElement} */ (find(root, "[data-form=search]"));
  const input = /** @type {HTMLInputElement} */ (find(form, "[name=q]"));
  const more = /** @type {HTMLDetailsElement} */ (find(form, "details"));
  const results = find(root, "#results");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = new AbortController();

  const wanted = () => {
    const values = new FormData(form);
    return FIELDS.map((name) => [name, String(values.get(name) ?? "").trim()]).filter(([, value]) => value);
  };

  const search = async () => {
    clearTimeout(timer);
    asked.abort();
    const query = wanted();
    const isOn = query.length > 0;
    results.hidden = !isOn;
    timeline.root.hidden = isOn;
    if (!isOn) return results.replaceChildren();
    asked = new AbortController();
    const { signal } = asked;
    results.setAttribute("aria-busy", "true");
    const path = `/api/blogs/${desk.blog}/entries?${new URLSearchParams([...query, ["limit", String(LIMIT)]])}`;
    const answer = await desk.api.get(path, signal);
    if (signal.aborted) return;
    results.removeAttribute("aria-busy");
    if (answer.ok) show(answer.body.entries, Boolean(answer.body.next), Object.fromEntries(query));
    else results.replaceChildren(make("p", { class: "error" }, errorText(answer)));
  };

  /**
   * @param {StoredEntry[]} found
   * @param {boolean} hasMore
   * @param {Record<string, string>} query
   */
  const show = (found, hasMore, query) => {
    const count = hasMore ? `More than ${LIMIT} entries` : counted(found.length, "entry", "entries");
    announce(`${count} found`);
    const open = found.filter(({ status }) => status === "published");
    const head = make("div", { class: "found" }, make("p", {}, found.length ? `${count} found` : "Nothing found."));
    if (query.source && open.length && desk.mayPublish && Object.keys(query).length === 1) {
      const retract = button(`Retract everything of “${query.source}”`, "retract-source", { class: "action" });
      retract.addEventListener("click", async () => {
        if (await retractSeveral(desk, { source: query.source }, open.length)) search();
      });
      head.append(retract);
    }
    const clear = button("Back to the timeline", "clear-search", { class: "action" });
    clear.addEventListener("click", leave);
    head.append(clear);
    results.replaceChildren(head, make("ol", { class: "hits" }, ...found.map((entry) => hit(entry))));
  };

  /** @param {StoredEntry} entry */
  const hit = (entry) => {
    const at = entry.published_at ?? entry.publish_at;
    const meta = [entry.status === "published" ? "" : entry.status, at && timeText(at, desk.timezone), entry.source?.name];
    const open = button(entry.title ?? entry.text?.slice(0, 120) ?? entry.note ?? "(without a text)", "open", { class: "plain hit" });
    open.dir = "auto";
    open.addEventListener("click", async () => {
      leave();
      if (timeline.entries.get(entry.id)) return void timeline.focusLater(entry.id);
      const one = await desk.load(entry.id);
      if (one) timeline.focusLater(entry.id);
    });
    return make("li", {}, open, make("p", { class: "fine" }, meta.filter(Boolean).join(" · ")));
  };

  const leave = () => {
    form.reset();
    more.open = false;
    search();
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, WAIT_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
    const first = results.querySelector(".hit");
    if (first instanceof HTMLElement) first.focus();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    leave();
    timeline.move(1);
  });
  return { focus: () => input.focus() };
}
