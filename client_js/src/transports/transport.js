/** @import { Message } from "../core/messages.js" */

/**
 * The parts of the browser that the client needs; tests replace them.
 *
 * @typedef {object} World
 * @property {typeof WebSocket} WebSocket
 * @property {typeof EventSource} EventSource
 * @property {typeof BroadcastChannel} BroadcastChannel
 * @property {Pick<LockManager, "request"> | undefined} locks
 * @property {typeof fetch} fetch
 * @property {(run: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now in milliseconds, by a clock that goes on while the computer is asleep
 * @property {() => number} random from 0 to 1
 */

/**
 * Where to connect, the cursor to begin with, and the token for a private blog.
 *
 * @typedef {{blog: URL, cursor: string | null, world: World, token?: string | null}} Source
 */

/**
 * Callbacks of a connection: `message` for each message, null if it cannot be decoded; `closed` once, with a close code
 * of the protocol, or 1006 for a lost connection.
 *
 * @typedef {{message: (message: Message | null) => void, closed: (code: number) => void}} Listener
 */

/**
 * Closes a connection. It makes no more callbacks.
 *
 * @typedef {() => void} Close
 */

/**
 * Opens a connection.
 *
 * @typedef {(source: Source, on: Listener) => Close} Transport
 */

/**
 * Return the address of a resource of a blog, with the query of the blog's address, the cursor and the token.
 *
 * @param {Pick<Source, "blog" | "cursor" | "token">} source without a token if the request can have headers
 * @param {string} resource
 */
export function addressOf({ blog, cursor, token }, resource) {
  const address = new URL(`${blog.pathname.replace(/\/$/, "")}/${resource}${blog.search}`, blog);
  if (cursor !== null) address.searchParams.set("since", cursor);
  if (token) address.searchParams.set("token", token);
  return address;
}

/**
 * Return the options of a request with the token in a header, where no log has it.
 *
 * @param {string | null | undefined} token
 * @param {RequestInit} options
 * @returns {RequestInit}
 */
export function authorized(token, options) {
  return token ? { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } } : options;
}

/**
 * Parse JSON.
 *
 * @param {string} text
 * @returns {any} null if it is not JSON
 */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
