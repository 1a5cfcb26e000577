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
 *   | "timer" | "lead" | "relayed"} | {type: "message", line: number, message: any}
 *   | {type: "closed", line: number, code: number}} Event
 */

/**
 * What is to be done, in this order: open a line with the transport of a rank, close one, wait, tell of a change or of
 * the phase, leave the other tabs to themselves.
 *
 * @typedef {{do: "connect", line: number, rank: number, cursor: string | null} | {do: "close", line: number}
 *   | {do: "timer", wait: number | null} | {do: "applied", outcome: Applied}
 *   | {do: "phase", phase: Phase, code?: number} | {do: "leave"}} Command
 */

export {};
