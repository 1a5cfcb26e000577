// For pages that render a blog themselves: everything that there is to follow it.
export { LiveBlog } from "./core/live-blog.js";
export { State } from "./core/state.js";
