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
 * Where to connect, and the cursor to begin with.
 *
 * @typedef {{blog: URL, cursor: string | null, world: World}} Source
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
 * Return the address of a resource of a blog, with the query of the blog's address and the cursor.
 *
 * @param {Pick<Source, "blog" | "cursor">} source
 * @param {string} resource
 */
export function addressOf({ blog, cursor }, resource) {
  const address = new URL(`${blog.pathname.replace(/\/$/, "")}/${resource}${blog.search}`, blog);
  if (cursor !== null) address.searchParams.set("since", cursor);
  return address;
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
