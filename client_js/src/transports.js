// Transports to choose from: `new LiveBlog(src, { transports: [webSocketMsgpack, changes] })`.
export { changes } from "./transports/changes.js";
export { events } from "./transports/events.js";
export { webSocketMsgpack } from "./transports/msgpack.js";
export { webSocket } from "./transports/web-socket.js";
