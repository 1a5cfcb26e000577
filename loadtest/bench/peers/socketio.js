// socket.io's broadcast, over WebSocket only. Takes a port and the first message; sends each line of standard input to
// all clients.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const [port, first] = process.argv.slice(2);
const http = createServer();
const server = new Server(http, { transports: ["websocket"], pingInterval: 600_000, serveClient: false });
server.on("connection", (client) => client.emit("update", first));
http.listen({ host: "127.0.0.1", port: Number(port), backlog: 4096 }, () => console.log("ready"));
createInterface({ input: process.stdin }).on("line", (line) => server.emit("update", line));
