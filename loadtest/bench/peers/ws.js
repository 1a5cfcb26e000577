// Node's `ws` as its documentation shows a broadcast. Port and first message as arguments; each line of standard
// input goes to all clients.
import { createInterface } from "node:readline";
import { WebSocketServer } from "ws";

const [port, first] = process.argv.slice(2);
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), perMessageDeflate: false, backlog: 4096 });
server.on("connection", (client) => client.send(first));
server.on("listening", () => console.log("ready"));
createInterface({ input: process.stdin }).on("line", (line) => {
  for (const client of server.clients) client.send(line);
});
