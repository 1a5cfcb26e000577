/** @import { Update } from "../core/messages.js" */
/** @import { Listener, Source, Transport } from "./transport.js" */
import { addressOf, authorized } from "./transport.js";

/** How long the server may hold a request. */
const HOLD_SECONDS = 25;
/** Pause after an empty answer that came at once, for example from a cache. */
const PAUSE_MILLISECONDS = 2_000;

/** Long polling: one request after the other, each held until there is a change. @type {Transport} */
export const changes = (source, on) => {
  const aborter = new AbortController();
  void poll(source, on, aborter.signal);
  return () => aborter.abort();
};

/**
 * Request the changes after a cursor up to the head, and then, unless `once` is set, each new change.
 *
 * @param {Source} source
 * @param {Listener} on
 * @param {AbortSignal} signal
 */
export async function poll(source, on, signal, once = false) {
  const { world } = source;
  let { cursor } = source;
  let wait = 0; // answer the first request at once
  while (!signal.aborted) {
    const asked = world.now();
    const address = addressOf({ blog: source.blog, cursor }, "changes");
    if (wait) address.searchParams.set("wait", `${wait}`);
    /** @type {Response | undefined} */
    let answer;
    /** @type {Update | undefined} */
    let update;
    try {
      answer = await world.fetch(address, authorized(source.token, { signal, cache: "no-store" }));
      if (answer.ok) update = await answer.json();
    } catch {
      // No answer, or not JSON
    }
    if (signal.aborted) return;
    if (!update?.cursor) return reportFailure(answer, on);
    on.message(update);
    if (once && !update.more) return;
    const idle = wait > 0 && update.cursor === cursor && world.now() - asked < PAUSE_MILLISECONDS;
    ({ cursor } = update);
    wait = update.more ? 0 : HOLD_SECONDS;
    if (idle) await new Promise((resolve) => world.setTimeout(() => resolve(null), PAUSE_MILLISECONDS));
  }
}

/** Close codes for terminal statuses. @type {Record<number, number>} */
const CLOSE_CODES = { 400: 4400, 401: 4401, 403: 4403, 404: 4404, 410: 4404 };

/**
 * Report an answer that is not an update, or that there was none.
 *
 * @param {Response | undefined} answer
 * @param {Listener} on
 */
function reportFailure(answer, on) {
  const seconds = Number(answer?.headers.get("retry-after"));
  if (seconds > 0) on.message({ type: "retry", min: seconds * 1000, max: seconds * 2000 });
  // An error page of a proxy is not terminal
  const code =
    answer?.headers.get("content-type")?.startsWith("application/problem+json") && CLOSE_CODES[answer.status];
  on.closed(code || 1006);
}
