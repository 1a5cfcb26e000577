export { LiveBlog } from "./core/live-blog.js";
export { State } from "./core/state.js";
