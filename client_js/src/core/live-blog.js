/** @import { BareOptions } from "./bare-live-blog.js" */
import { changes } from "../transports/changes.js";
import { events } from "../transports/events.js";
import { tabs } from "../transports/tabs.js";
import { webSocket } from "../transports/web-socket.js";
import { BareLiveBlog } from "./bare-live-blog.js";

/** @typedef {import("./bare-live-blog.js").PhaseDetail} PhaseDetail */

/**
 * Follows a blog with every transport, over one connection for all tabs that follow it. `BareLiveBlog` has the members
 * and events.
 */
export class LiveBlog extends BareLiveBlog {
  /**
   * @param {string | URL} src the blog's address: `https://host/blogs/NAME`
   * @param {BareOptions & {share?: boolean}} [options] `share`: whether tabs share one connection (default true)
   */
  constructor(src, { share = true, ...options } = {}) {
    super(src, { transports: [webSocket, events, changes], sharing: share ? tabs : undefined, ...options });
  }
}
