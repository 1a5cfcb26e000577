// For pages that render a blog themselves: the client with all transports.
export { LiveBlog } from "./core/live-blog.js";
export { keyEventsOf } from "./core/key-events.js";
export { State } from "./core/state.js";

/** @typedef {import("./core/events.js").Phase} Phase */
/** @typedef {import("./core/live-blog.js").PhaseDetail} PhaseDetail */
/** @typedef {import("./core/messages.js").Entry} Entry */
/** @typedef {import("./core/messages.js").Header} Header */
/** @typedef {import("./core/state.js").Applied} Applied */
