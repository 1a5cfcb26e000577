// A broadcast with Node's `ws`, as in its documentation. Takes a port and the first message; sends each line of standard
// input to all clients.
import { createInterface } from "node:readline";
import { WebSocketServer } from "ws";

const [port, first] = process.argv.slice(2);
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), perMessageDeflate: false, backlog: 4096 });
server.on("connection", (client) => client.send(first));
server.on("listening", () => console.log("ready"));
createInterface({ input: process.stdin }).on("line", (line) => {
  for (const client of server.clients) client.send(line);
});
