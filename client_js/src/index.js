export { BlogPage } from "./blog-page.js";
export { Connection, SUBPROTOCOL } from "./connection.js";
export { entryElement } from "./entry.js";
export { State } from "./state.js";
