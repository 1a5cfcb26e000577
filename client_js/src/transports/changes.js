/** @import { Update } from "../core/messages.js" */
/** @import { Listener, Source, Transport } from "./transport.js" */
import { addressOf } from "./transport.js";

/** How long a server may hold a request, in seconds. */
const HOLD = 25;
/** Between requests that were answered at once with nothing, as by a cache, in milliseconds. */
const PAUSE = 2_000;

/** Requests one after the other, each held until there is a change. @type {Transport} */
export const changes = (source, on) => {
  const aborter = new AbortController();
  void poll(source, on, aborter.signal);
  return () => aborter.abort();
};

/**
 * Ask for what differs from a cursor, until nothing does, and then, unless it is enough to know `once`, for what
 * comes.
 *
 * @param {Source} source
 * @param {Listener} on
 * @param {AbortSignal} signal
 */
export async function poll(source, on, signal, once = false) {
  const { world } = source;
  let { cursor } = source;
  let wait = 0; // the first answer says where we are
  while (!signal.aborted) {
    const asked = world.now();
    const address = addressOf({ ...source, cursor }, "changes");
    if (wait) address.searchParams.set("wait", `${wait}`);
    /** @type {Response | undefined} */
    let answer;
    /** @type {Update | undefined} */
    let update;
    try {
      answer = await world.fetch(address, { signal, cache: "no-store", credentials: "omit" });
      if (answer.ok) update = await answer.json();
    } catch {
      // Nothing came, or what is no JSON
    }
    if (signal.aborted) return;
    if (!update?.cursor) return refused(answer, on);
    on.message(update);
    if (once && !update.more) return;
    const idle = wait > 0 && update.cursor === cursor && world.now() - asked < PAUSE;
    ({ cursor } = update);
    wait = update.more ? 0 : HOLD;
    if (idle) await new Promise((resolve) => world.setTimeout(() => resolve(null), PAUSE));
  }
}

/** The close codes for statuses that are final. @type {Record<number, number>} */
const FINAL = { 400: 4400, 401: 4401, 403: 4403, 404: 4404, 410: 4404 };

/**
 * Tell what it means that no update came.
 *
 * @param {Response | undefined} answer
 * @param {Listener} on
 */
function refused(answer, on) {
  const seconds = Number(answer?.headers.get("retry-after"));
  if (seconds > 0) on.message({ type: "retry", min: seconds * 1000, max: seconds * 2000 });
  // Only the server's own refusals count, not those of a proxy on the way
  const final = answer?.headers.get("content-type")?.startsWith("application/problem+json") && FINAL[answer.status];
  on.closed(final || 1006);
}
