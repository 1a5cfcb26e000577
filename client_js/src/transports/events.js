/** @import { Transport } from "./transport.js" */
import { addressOf, parse } from "./transport.js";

/**
 * Server-sent events. The browser's own reconnecting is not used: the machine decides for all transports alike.
 *
 * @type {Transport}
 */
export const events = (source, on) => {
  const stream = new source.world.EventSource(addressOf(source, "events").href);
  for (const type of ["update", "beat", "retry"]) {
    stream.addEventListener(type, ({ data }) => on.message(parse(data)));
  }
  const end = (/** @type {number} */ code) => {
    stream.close();
    on.closed(code);
  };
  stream.addEventListener("close", ({ data }) => end(parse(data)?.code ?? 1006));
  stream.onerror = () => end(1006);
  return () => stream.close();
};
