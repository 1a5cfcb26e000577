/** @import { Message } from "../core/messages.js" */

/**
 * What is needed of the browser, so that tests can be another one.
 *
 * @typedef {object} World
 * @property {typeof WebSocket} WebSocket
 * @property {typeof EventSource} EventSource
 * @property {typeof BroadcastChannel} BroadcastChannel
 * @property {Pick<LockManager, "request"> | undefined} locks
 * @property {typeof fetch} fetch
 * @property {(run: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now in milliseconds, by a clock that goes on during sleep
 * @property {() => number} random from 0 to 1
 */

/**
 * Where a line leads, and from where on.
 *
 * @typedef {{blog: URL, cursor: string | null, world: World}} Source
 */

/**
 * Told by a line: each message, null for one that cannot be read; and once that it is closed, with a WebSocket's code:
 * those of the protocol, 1006 for a line that was lost.
 *
 * @typedef {{message: (message: Message | null) => void, closed: (code: number) => void}} Listener
 */

/**
 * Closes a line. Nothing is told by it from then on.
 *
 * @typedef {() => void} Close
 */

/**
 * Opens a line.
 *
 * @typedef {(source: Source, on: Listener) => Close} Transport
 */

/**
 * The address of one of a blog's surfaces, from a cursor on, with the query of the blog's address.
 *
 * @param {Pick<Source, "blog" | "cursor">} source
 * @param {string} surface
 */
export function addressOf({ blog, cursor }, surface) {
  const address = new URL(`${blog.pathname.replace(/\/$/, "")}/${surface}${blog.search}`, blog);
  if (cursor !== null) address.searchParams.set("since", cursor);
  return address;
}

/**
 * @param {string} text
 * @returns {any} null if it is no JSON
 */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
