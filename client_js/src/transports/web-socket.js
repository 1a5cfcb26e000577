/** @import { Transport } from "./transport.js" */
import { addressOf, parse } from "./transport.js";

/**
 * A transport by WebSocket.
 *
 * @param {string} subprotocol
 * @param {(data: any) => any} decode null for what cannot be read
 * @returns {Transport}
 */
export function socketOf(subprotocol, decode) {
  return (source, on) => {
    const address = addressOf(source, "live");
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new source.world.WebSocket(address.href, [subprotocol]);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => on.message(decode(data));
    socket.onclose = ({ code }) => on.closed(code);
    return () => {
      // A close handshake over a dead line would take minutes: nobody waits for it
      socket.onmessage = socket.onclose = null;
      socket.close();
    };
  };
}

export const webSocket = socketOf("stoppress.v1+json", parse);
