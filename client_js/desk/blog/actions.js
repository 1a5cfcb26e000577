/** @import { Answer } from "../api.js" */
/** @import { Desk, DeskEntry } from "../types.js" */
import { errorText } from "../api.js";
import { ask } from "../ui/dialog.js";
import { counted } from "../ui/dom.js";
import { inputValue, momentOf, timeText } from "../ui/zones.js";
import { nameOf } from "./timeline.js";
import { showVersions } from "./versions.js";

const TRIES = 3;
const WAIT_MS = 600;

/**
 * Return what can be done with entries, by the names of the actions. Each takes an entry as the editor sees it.
 *
 * @param {Desk} desk
 * @param {{edit(one: DeskEntry): unknown}} writing
 */
export function makeActions(desk, writing) {
  const path = (/** @type {DeskEntry} */ { entry }) => `/api/blogs/${desk.blog}/entries/${entry.id}`;

  /**
   * @param {DeskEntry} one
   * @param {Record<string, unknown>} fields
   * @param {string} done what has happened
   * @param {boolean} [isExact] only if the entry is still the one that the editor sees
   */
  const patch = async (one, fields, done, isExact = false) => {
    const answer = await sendOnce(desk, "PATCH", path(one), fields, isExact ? match(one) : {});
    if (answer.ok) desk.say(done);
    else desk.say(problemOf(answer, one), "bad");
  };

  /**
   * Ask for fields in a dialog, and send what is made of them.
   *
   * @param {DeskEntry} one
   * @param {Parameters<typeof ask>[0]} question
   * @param {(values: Record<string, string>) => {method?: string, body: unknown, exact?: boolean} | string} make a string is an error
   * @param {string} done
   */
  const asked = (one, question, make, done) =>
    ask(question, async (values) => {
      const made = make(values);
      if (typeof made === "string") return made;
      const answer = await sendOnce(desk, made.method ?? "PATCH", path(one), made.body, made.exact ? match(one) : {});
      if (answer.ok) desk.say(done);
      return answer.ok ? null : problemOf(answer, one);
    });

  const zone = `Time in ${desk.timezone}.`;
  /** @type {Record<string, (one: DeskEntry) => unknown>} */
  const actions = {
    edit: (one) => writing.edit(one),
    versions: (one) => showVersions(desk, one, (entry) => writing.edit({ ...one, entry })),
    pin: (one) => patch(one, { pinned: !one.entry.pinned }, one.entry.pinned ? "No longer pinned" : "Pinned: it is the one entry at the top now"),
    key: (one) => patch(one, { key: !one.entry.key }, one.entry.key ? "No longer a key event" : "Marked as a key event"),
    breaking: (one) =>
      patch(one, { breaking: !one.entry.breaking }, one.entry.breaking ? "No longer breaking" : "Marked as breaking"),
    approve: (one) => patch(one, { status: "published" }, `Published: ${nameOf(one)}`, true),
    "publish-now": (one) => patch(one, { status: "published" }, `Published: ${nameOf(one)}`, true),
    unschedule: (one) => patch(one, { status: "draft", publish_at: null }, "Back among the drafts"),
    undo: (one) => patch(one, { status: "draft", publish_at: null }, "Taken back. It is a draft again."),
    "submit-entry": (one) => patch(one, { submitted: true }, "Submitted"),
    withdraw: (one) => patch(one, { submitted: false }, "Taken back. It is a draft again."),
    "send-back": (one) =>
      asked(
        one,
        {
          title: "Send back to the author",
          fields: [{ name: "remark", label: "What should change?", kind: "area", required: true }],
          action: "Send back",
        },
        ({ remark }) => ({ body: { submitted: false, remark } }),
        "Sent back",
      ),
    correct: (one) => asked(one, correction(one.entry), (values) => corrected(one.entry, values), "Corrected"),
    retract: (one) =>
      asked(
        one,
        {
          title: `Retract “${nameOf(one).slice(0, 80)}”?`,
          text: "Readers will see that an update was retracted, and your note. The text is deleted everywhere, also here.",
          fields: [{ name: "note", label: "Note for readers (optional)", kind: "area" }],
          action: "Retract",
          danger: true,
        },
        ({ note }) => ({ method: "DELETE", body: note ? { note } : {} }),
        "Retracted",
      ),
    remove: (one) =>
      asked(
        one,
        { title: `Delete “${nameOf(one).slice(0, 80)}”?`, text: "Nobody can bring it back.", action: "Delete", danger: true },
        () => ({ method: "DELETE", body: {} }),
        "Deleted",
      ),
    schedule: (one) =>
      asked(
        one,
        {
          title: "Publish at",
          fields: [
            {
              name: "at",
              label: "When",
              kind: "datetime-local",
              step: "1",
              required: true,
              value: inputValue(one.entry.publish_at ?? inHalfAnHour(), desk.timezone),
              hint: zone,
            },
          ],
          action: "Schedule",
        },
        ({ at }) => {
          const moment = momentOf(at, desk.timezone);
          if (!moment || moment < new Date()) return `${zone} Choose a time to come; it is ${timeText(new Date(), desk.timezone)} now.`;
          return { body: { status: "scheduled", publish_at: moment.toISOString(), submitted: null }, exact: true };
        },
        "Scheduled",
      ),
    expire: (one) =>
      asked(
        one,
        {
          title: "Expire",
          text: "At that time the entry is retracted, as if you did it. Leave it empty for never.",
          fields: [
            {
              name: "at",
              label: "When",
              kind: "datetime-local",
              step: "1",
              value: one.entry.expires_at ? inputValue(one.entry.expires_at, desk.timezone) : "",
              hint: zone,
            },
          ],
          action: "Save",
        },
        ({ at }) => ({ body: { expires_at: momentOf(at, desk.timezone)?.toISOString() ?? null } }),
        "Saved",
      ),
  };
  return actions;
}

/**
 * Return the condition that an entry is still the one that the editor sees.
 *
 * @param {DeskEntry} one
 * @returns {Record<string, string>}
 */
function match({ version }) {
  return { "If-Match": `"${version}"` };
}

/**
 * Send a write under one Idempotency-Key, again if it got no answer, so that it happens once.
 *
 * @param {Desk} desk
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>}
 */
export async function sendOnce(desk, method, path, body, headers = {}) {
  const key = crypto.randomUUID();
  for (let tries = 1; ; tries++) {
    const answer = await desk.api.send(method, path, body, { ...headers, "Idempotency-Key": key });
    if ((answer.status !== 0 && answer.status !== 503) || tries === TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS * tries));
  }
}

/**
 * @param {Answer} answer
 * @param {DeskEntry} one
 */
function problemOf(answer, one) {
  if (answer.status !== 412) return errorText(answer);
  return `“${nameOf(one).slice(0, 60)}” has changed meanwhile, so nothing was done. Look at it, then do it again.`;
}

/** @param {DeskEntry["entry"]} entry */
function correction(entry) {
  const body = entry.markdown === undefined ? [] : [{ name: "markdown", label: "Text", kind: /** @type {const} */ ("area"), value: entry.markdown, max: 100_000, rows: 9 }];
  const hint = "Readers see it below the entry, with the time.";
  return {
    title: "Correct",
    fields: [...body, { name: "correction", label: "What was wrong", kind: /** @type {const} */ ("area"), required: true, hint }],
    action: "Correct",
  };
}

/**
 * @param {DeskEntry["entry"]} entry
 * @param {Record<string, string>} values
 */
function corrected(entry, { markdown, correction: text }) {
  const isChanged = markdown !== undefined && markdown.replaceAll("\r\n", "\n") !== entry.markdown;
  return { body: { correction: text, ...(isChanged ? { markdown: markdown.replaceAll("\r\n", "\n") } : {}) }, exact: isChanged };
}

function inHalfAnHour() {
  const step = 30 * 60_000;
  return new Date(Math.ceil((Date.now() + 60_000) / step) * step);
}

/**
 * Retract several entries at once, after one question.
 *
 * @param {Desk} desk
 * @param {{source: string} | {entries: string[]}} which
 * @param {number} count
 */
export async function retractSeveral(desk, which, count) {
  const what = "source" in which ? `everything of “${which.source}”` : counted(count, "entry", "entries");
  const done = await ask(
    {
      title: `Retract ${what}?`,
      text: `${"source" in which ? `That is ${counted(count, "entry", "entries")}. ` : ""}Readers will see that these updates were retracted, and your note. The texts are deleted everywhere.`,
      fields: [{ name: "note", label: "Note for readers (optional)", kind: "area" }],
      action: `Retract ${counted(count, "entry", "entries")}`,
      danger: true,
    },
    async ({ note }) => {
      const answer = await sendOnce(desk, "POST", `/api/blogs/${desk.blog}/retractions`, { ...which, ...(note ? { note } : {}) });
      if (answer.ok) desk.say(`Retracted ${what}`);
      return answer.ok ? null : errorText(answer);
    },
  );
  return Boolean(done);
}
