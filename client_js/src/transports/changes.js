/** @import { Retry, Update } from "../core/messages.js" */
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
    const { update, retry, code } = await ask({ ...source, cursor }, wait, signal);
    if (signal.aborted) return;
    if (retry) on.message(retry);
    if (!update?.cursor) return on.closed(code);
    on.message(update);
    if (once && !update.more) return;
    const idle = wait > 0 && update.cursor === cursor && world.now() - asked < PAUSE;
    ({ cursor } = update);
    wait = update.more ? 0 : HOLD;
    if (idle) await new Promise((resolve) => world.setTimeout(() => resolve(null), PAUSE));
  }
}

/**
 * Ask once.
 *
 * @param {Source} source
 * @param {number} wait in seconds
 * @param {AbortSignal} signal
 * @returns {Promise<{update?: Update, retry?: Retry, code: number}>} without an update, `code` is as a WebSocket's
 */
async function ask(source, wait, signal) {
  const address = addressOf(source, "changes");
  if (wait) address.searchParams.set("wait", `${wait}`);
  try {
    const answer = await source.world.fetch(address, { signal, cache: "no-store", credentials: "omit" });
    return answer.ok ? { update: await answer.json(), code: 1006 } : { retry: retryOf(answer), code: codeOf(answer) };
  } catch {
    return { code: 1006 };
  }
}

/** The close codes for statuses that are final. @type {Record<number, number>} */
const FINAL = { 400: 4400, 401: 4401, 403: 4403, 404: 4404, 410: 4404 };

/**
 * The close code for a status. Only the server's own refusals count, not those of a proxy on the way.
 *
 * @param {Response} answer
 */
function codeOf({ status, headers }) {
  const own = headers.get("content-type")?.startsWith("application/problem+json");
  return (own && FINAL[status]) || 1006;
}

/**
 * @param {Response} answer
 * @returns {Retry | undefined}
 */
function retryOf({ headers }) {
  const seconds = Number(headers.get("retry-after"));
  return seconds > 0 ? { type: "retry", min: seconds * 1000, max: seconds * 2000 } : undefined;
}
