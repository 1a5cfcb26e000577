// The script of the server's own pages.
import "./element.js";
import { keepForOffline } from "./offline.js";
import { watchRetractions } from "./takedown.js";

const blog = /** @type {HTMLElement | null} */ (document.querySelector("live-blog[data-cursor]"));
if (blog) {
  watchRetractions(blog);
  keepForOffline(blog);
}
