/** @import { BareOptions } from "./bare-live-blog.js" */
import { changes } from "../transports/changes.js";
import { events } from "../transports/events.js";
import { tabs } from "../transports/tabs.js";
import { webSocket } from "../transports/web-socket.js";
import { BareLiveBlog } from "./bare-live-blog.js";

/** @typedef {import("./bare-live-blog.js").PhaseDetail} PhaseDetail */

/**
 * One blog, followed, by whatever way there is to its server, and over one connection for all tabs that follow it.
 * What it has and tells is in `BareLiveBlog`.
 */
export class LiveBlog extends BareLiveBlog {
  /**
   * @param {string | URL} src the blog's address: `https://host/blogs/NAME`
   * @param {BareOptions & {share?: boolean}} [options] `share`: whether tabs share one connection, true if left out
   */
  constructor(src, { share = true, ...options } = {}) {
    super(src, { transports: [webSocket, events, changes], sharing: share ? tabs : undefined, ...options });
  }
}
