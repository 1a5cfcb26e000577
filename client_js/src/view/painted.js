import { parse } from "../transports/transport.js";

/**
 * Parse a message of a WebSocket. If the server has asked for it, tell it when an update was painted.
 *
 * @param {string} text
 * @param {WebSocket & {asked?: boolean}} socket
 * @returns {any} null if it is not JSON
 */
export function parseAndAnswer(text, socket) {
  const message = parse(text);
  if (message?.type === "sample") socket.asked = message.answer;
  // The view shows an update in the task in which it comes, and the screen has it after the next frame
  if (socket.asked && message?.entries && !document.hidden) {
    requestAnimationFrame(() => setTimeout(() => socket.send(`{"painted":"${message.cursor}"}`)));
  }
  return message;
}
