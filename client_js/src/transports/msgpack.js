import { decode } from "./msgpack-decode.js";
import { socketOf } from "./web-socket.js";

/** WebSocket with msgpack instead of JSON. */
export const webSocketMsgpack = socketOf("stoppress.v1+msgpack", (data) => {
  try {
    return decode(data);
  } catch {
    return null;
  }
});
