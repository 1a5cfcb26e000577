// The smallest client: WebSocket only, unless you pass more transports. `index.js` has all of them.
export { BareLiveBlog as LiveBlog } from "./core/bare-live-blog.js";
export { keyEventsOf } from "./core/key-events.js";
export { State } from "./core/state.js";
