/** @import { Message, Update } from "../core/messages.js" */
/** @import { Source, Transport } from "./transport.js" */
import { addressOf, parse } from "./transport.js";

/** How long a server may hold a request, in seconds. */
const HOLD = 25;
/** Between requests that were answered at once with nothing, as by a cache, in milliseconds. */
const PAUSE = 2_000;

/** Requests one after the other, each held until there is a change. @type {Transport} */
export const changes = (source, on) => {
  const { world } = source;
  const aborter = new AbortController();
  const { signal } = aborter;
  const poll = async () => {
    let wait = 0; // the first answer says where we are
    let { cursor } = source;
    for (;;) {
      const asked = world.now();
      const answer = await ask({ ...source, cursor }, wait, signal);
      if (!signal.aborted && answer.retry) on.message(answer.retry);
      if (!signal.aborted && answer.update) on.message(answer.update);
      if (signal.aborted) return;
      if (!answer.update) return on.closed(answer.code);
      const idle = wait > 0 && answer.update.cursor === cursor && world.now() - asked < PAUSE;
      ({ cursor } = answer.update);
      wait = answer.update.more ? 0 : HOLD;
      if (idle) await new Promise((resolve) => world.setTimeout(() => resolve(null), PAUSE));
      if (signal.aborted) return;
    }
  };
  poll();
  return () => aborter.abort();
};

/**
 * What differs from a cursor, asked once.
 *
 * @param {Source} source
 * @param {number} wait in seconds
 * @param {AbortSignal} signal
 * @returns {Promise<{update?: Update, retry?: Message, code: number}>} without an update, `code` is as a WebSocket's
 */
export async function ask(source, wait, signal) {
  const address = addressOf(source, "changes");
  if (wait) address.searchParams.set("wait", `${wait}`);
  try {
    const answer = await source.world.fetch(address, { signal, cache: "no-store", credentials: "omit" });
    if (!answer.ok) return { code: codeOf(answer), retry: retryOf(answer) };
    const update = parse(await answer.text());
    return { update: typeof update?.cursor === "string" ? update : undefined, code: 1006 };
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
 * @returns {Message | undefined}
 */
function retryOf({ headers }) {
  const seconds = Number(headers.get("retry-after"));
  return seconds > 0 ? { type: "retry", min: seconds * 1000, max: seconds * 2000 } : undefined;
}
