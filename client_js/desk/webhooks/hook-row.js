import { counted, make } from "../ui/dom.js";

/**
 * An event that was given up.
 *
 * @typedef {{id: string, blog: string, kind: string, attempts: number, reason: string, given_up_at: string}} DeadEvent
 */

/**
 * What can be done about a webhook.
 *
 * @typedef {object} HookActions
 * @property {() => void} remove
 * @property {(event: DeadEvent) => void} again
 * @property {(event: DeadEvent) => void} forget
 */

/**
 * Return the row of a webhook.
 *
 * @param {any} hook as `GET /api/webhooks` answers it
 * @param {DeadEvent[]} dead
 * @param {HookActions} actions
 */
export function hookRow(hook, dead, actions) {
  const { name, url, blogs, events, failing } = hook;
  const isWell = !failing.length && !hook.dead;
  const state = failing.length ? "Waiting" : hook.dead ? "Gave up" : "Works";
  return make(
    "li",
    { "data-hook": name },
    make("p", { class: "status", "data-status": isWell ? "live" : "paused" }, state),
    make("h2", {}, name),
    make("p", { class: "fine" }, make("code", {}, url)),
    make("p", { class: "fine" }, `${blogs.includes("*") ? "All blogs" : blogs.join(", ")} · ${events.join(", ")}`),
    ...(failing.length ? [make("ul", { class: "failing", "aria-label": `Blogs that wait for ${name}` }, ...failing.map(failingItem))] : []),
    ...(hook.dead ? [deadList(hook, dead, actions)] : []),
    make("p", { class: "actions" }, make("button", { type: "button", class: "action", "aria-label": `Remove ${name}`, onclick: actions.remove }, "Remove")),
  );
}

/** @param {{blog: string, attempts: number, again_at: string, reason: string}} failing */
function failingItem({ blog, attempts, again_at: again, reason }) {
  const time = make("relative-time", { datetime: again }, again);
  return make("li", {}, make("strong", {}, blog), `: ${reason}. The next attempt, after ${attempts}, is `, time, ".");
}

/**
 * @param {any} hook
 * @param {DeadEvent[]} dead
 * @param {HookActions} actions
 */
function deadList(hook, dead, actions) {
  const title = `${counted(hook.dead, "event")} given up`;
  return make(
    "details",
    { class: "dead", open: true },
    make("summary", {}, title),
    make("ul", { "aria-label": title }, ...dead.map((event) => deadItem(event, actions))),
  );
}

/**
 * @param {DeadEvent} event
 * @param {HookActions} actions
 */
function deadItem(event, { again, forget }) {
  const { blog, kind, attempts, reason, given_up_at: at } = event;
  const label = `${kind} of ${blog}`;
  return make(
    "li",
    {},
    make("p", {}, make("strong", {}, label), " · ", make("relative-time", { datetime: at }, at)),
    make("p", { class: "fine" }, `After ${counted(attempts, "attempt")}: ${reason}.`),
    make(
      "p",
      { class: "actions" },
      make("button", { type: "button", class: "action", "aria-label": `Send again: ${label}`, onclick: () => again(event) }, "Send again"),
      make("button", { type: "button", class: "action", "aria-label": `Forget: ${label}`, onclick: () => forget(event) }, "Forget"),
    ),
  );
}
