/** @import { Transport } from "./transport.js" */
import { addressOf, parse } from "./transport.js";

/**
 * Make a transport over WebSocket.
 *
 * @param {string} subprotocol
 * @param {(data: any, socket: WebSocket) => any} decode returns null for a message that it cannot decode
 * @returns {Transport}
 */
export function socketOf(subprotocol, decode) {
  return (source, on) => {
    const address = addressOf(source, "live");
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new source.world.WebSocket(address.href, [subprotocol]);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => on.message(decode(data, socket));
    socket.onclose = ({ code }) => on.closed(code);
    return () => {
      // Do not wait for the close handshake: over a dead connection it takes minutes
      socket.onmessage = socket.onclose = null;
      socket.close();
    };
  };
}

export const webSocket = socketOf("stoppress.v1+json", parse);
