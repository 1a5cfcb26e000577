// Reads a blog with Node's `ws` for the tests of the server: prints what was agreed on, then each message in a line.
import { WebSocket } from "ws";

const line = new WebSocket(String(process.argv[2]), "stoppress.v1+json");
line.on("open", () => {
  console.log(line.extensions);
});
line.on("message", (data) => {
  console.log(String(data));
});
