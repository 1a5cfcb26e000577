/** @import { Transport } from "./transport.js" */
import { addressOf, parse } from "./transport.js";

/**
 * Server-sent events. A browser would come back by itself; it is not let, so that there is one rule for all transports.
 *
 * @type {Transport}
 */
export const events = (source, on) => {
  const stream = new source.world.EventSource(addressOf(source, "events").href);
  for (const type of ["update", "beat", "retry"]) {
    stream.addEventListener(type, ({ data }) => on.message(parse(data)));
  }
  stream.onerror = () => {
    stream.close();
    on.closed(1006);
  };
  return () => stream.close();
};
