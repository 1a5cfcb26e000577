/** @import { Message } from "./messages.js" */
/** @import { Applied } from "./state.js" */

/**
 * - `connecting`: the client connects for the first time;
 * - `live`: changes arrive as they happen;
 * - `reconnecting`: the connection was lost, changes arrive late;
 * - `refused`: the server has rejected the client for good;
 * - `stopped`: `stop()` was called, or `start()` has not been called yet.
 *
 * @typedef {"connecting" | "live" | "reconnecting" | "refused" | "stopped"} Phase
 */

/**
 * The input of the machine. `id` is the number of the connection concerned.
 *
 * - `online`, `offline`: the network came or went;
 * - `hidden`, `visible`: the page was hidden or shown;
 * - `leave`, `return`: the page was closed, frozen or kept for the back button; it came back;
 * - `timer`: the time of the last `wait` command is over;
 * - `hurry`: connect now if there is no connection;
 * - `lead`: this tab now holds the connection for all tabs with this blog;
 * - `relayed`: the leading tab passed on a message while this tab had its own connection;
 * - `renewed`: the page has answered the `renew` command; not `done` if it failed and has to be asked again.
 *
 * @typedef {{type: "start" | "stop" | "hurry" | "online" | "offline" | "hidden" | "visible" | "leave" | "return"
 *   | "timer" | "lead" | "relayed"} | {type: "message", id: number, message: any}
 *   | {type: "closed", id: number, code: number} | {type: "renewed", done: boolean}} Event
 */

/**
 * The output of the machine.
 *
 * @typedef {object} Commands
 * @property {(id: number, rank: number, cursor: string | null) => void} connect open a connection with the
 *   transport of that rank
 * @property {(id: number | null) => void} keep close all connections except this one
 * @property {(milliseconds: number) => void} wait set the only timer; Infinity clears it
 * @property {(message: Message | Relayed) => void} heard a valid message arrived
 * @property {(outcome: Applied) => void} applied the state has changed
 * @property {(phase: Phase, code?: number) => void} phase the phase has changed; `refused` has a close code
 * @property {() => void} leave stop sharing a connection with other tabs
 * @property {() => void} [renew] ask the page for a new token; without it, the page has none
 */

/**
 * A message that only tabs send to each other: the leading tab lost its connection, or received a reset to this cursor.
 *
 * @typedef {{type: "lost"} | {type: "reset", cursor: string}} Relayed
 */

export {};
