// Follows a blog with Node's `ws`, for the tests of the server: prints the negotiated extension, then one message a line.
import { WebSocket } from "ws";

const socket = new WebSocket(String(process.argv[2]), "stoppress.v1+json");
socket.on("open", () => {
  console.log(socket.extensions);
});
socket.on("message", (data) => {
  console.log(String(data));
});
