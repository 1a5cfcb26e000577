/** @import { Message } from "./messages.js" */
/** @import { Applied } from "./state.js" */

/**
 * - `connecting`: for the first time;
 * - `live`: news comes in as it happens;
 * - `reconnecting`: the line was lost, news is late;
 * - `refused`: by the server, for good;
 * - `stopped`: by `stop()`.
 *
 * @typedef {"connecting" | "live" | "reconnecting" | "refused" | "stopped"} Phase
 */

/**
 * What a machine is told. `line` is the number of the line that a message came on.
 *
 * - `online`, `offline`: the network; `hidden`, `visible`: the page; `leave`, `return`: the page is put away (closed,
 *   kept for the back button, frozen) and taken up again; `timer`: the wait is over; `hurry`: somebody is waiting;
 * - `lead`: of the tabs with this blog, this one has the connection for all; `relayed`: the leading tab was heard
 *   while this one had a line of its own.
 *
 * @typedef {{type: "start" | "stop" | "hurry" | "online" | "offline" | "hidden" | "visible" | "leave" | "return"
 *   | "timer" | "lead" | "relayed"} | {type: "message", id: number, message: any}
 *   | {type: "closed", id: number, code: number}} Event
 */

/**
 * What is to be done.
 *
 * @typedef {object} Commands
 * @property {(id: number, rank: number, cursor: string | null) => void} connect open a line, with the transport of
 *   that rank
 * @property {(id: number | null) => void} keep close all lines but this one
 * @property {(milliseconds: number) => void} wait in place of what was waited for; Infinity for no end
 * @property {(message: Message | Relayed) => void} heard a message came that can be read
 * @property {(outcome: Applied) => void} applied the state has changed
 * @property {(phase: Phase, code?: number) => void} phase it is another one; with the close code if it is `refused`
 * @property {() => void} leave the other tabs to themselves
 */

/**
 * What only tabs tell each other: that the leading tab lost its line, and that it was sent a reset to this cursor.
 *
 * @typedef {{type: "lost"} | {type: "reset", cursor: string}} Relayed
 */

export {};
