/** @import { Api } from "../api.js" */
/** @typedef {"connecting" | "live" | "offline" | "signed-out" | "refused"} Phase */

const KINDS = ["snapshot", "entry", "gone", "header", "people", "readers", "delivery"];

/** Milliseconds without any event after which the connection counts as lost: more than two beats. */
const SILENCE_MS = 45_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * Follow the desk of a blog. Every connection begins with a snapshot, so nothing is missing after a break.
 *
 * @param {string} blog
 * @param {Api} api
 * @param {(kind: string, data: any) => void} take
 * @param {(phase: Phase, reason?: string) => void} tell
 */
export function follow(blog, api, take, tell) {
  /** @type {EventSource | undefined} */
  let source;
  let tries = 0;
  let heardAt = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const path = `/api/blogs/${blog}/desk`;

  const open = () => {
    clearTimeout(timer);
    source?.close();
    heardAt = Date.now();
    source = new EventSource(path);
    const hear = () => (heardAt = Date.now());
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        hear();
        if (kind === "snapshot") {
          tries = 0;
          tell("live");
        }
        take(kind, JSON.parse(event.data));
      });
    }
    source.addEventListener("beat", hear);
    source.addEventListener("close", (event) => {
      const reason = JSON.parse(event.data).reason;
      source?.close();
      tell("offline");
      refused(reason);
    });
    source.addEventListener("error", () => {
      tell("offline");
      if (source?.readyState === EventSource.CLOSED) refused();
    });
  };

  /** Find out why the server has closed the stream. @param {string} [reason] */
  const refused = async (reason) => {
    const { status, body } = await api.sendQuietly("GET", path.replace(/\/desk$/, ""));
    if (status === 401) return tell("signed-out");
    if (status === 403 || status === 404) return tell("refused", reason ?? body?.detail);
    again();
  };

  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)] * (0.5 + Math.random()));
  };

  tell("connecting");
  open();
  const watch = setInterval(() => {
    if (Date.now() - heardAt < SILENCE_MS || document.hidden) return;
    tell("offline");
    open();
  }, 5_000);
  addEventListener("online", open);
  addEventListener("offline", () => tell("offline"));
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  return {
    /** Connect again now. */
    open,
    close() {
      clearInterval(watch);
      clearTimeout(timer);
      source?.close();
    },
  };
}
