// The script of the server's own pages. Only here may a blog name the document and navigate.
/** @import { LiveBlogElement } from "./element.js" */
import "./element.js";
import { keepForOffline } from "./offline.js";
import { watchRetractions } from "./takedown.js";

const blog = /** @type {LiveBlogElement | null} */ (document.querySelector("live-blog[data-cursor]"));
if (blog) {
  watchRetractions(blog);
  keepForOffline(blog);
  let { title } = document;
  let unread = 0;
  const name = () => (document.title = unread ? `(${unread}) ${title}` : title);
  blog.addEventListener("unread", ({ detail: { count } }) => {
    unread = count;
    name();
  });
  blog.addEventListener("change", ({ detail }) => {
    const header = blog.live?.state.header;
    if (detail.reset && detail.header && blog.dataset.before) {
      history.replaceState(history.state, "", blog.src);
      delete blog.dataset.before;
    }
    if (!detail.header || !header) return;
    title = header.headline;
    name();
    Object.assign(document.documentElement, { lang: header.language ?? "", dir: header.dir ?? "" });
  });
  // A link with a token; the addresses that scripts ask for do not have it
  const token = new URLSearchParams(location.search).get("token");
  if (token) blog.addEventListener("token", ({ detail }) => detail.provide(token));
  const unknown = /** @type {HTMLElement} */ (blog.querySelector("[data-part=unknown]"));
  blog.addEventListener("missing", (event) => {
    const { id, exists } = event.detail;
    if (exists) {
      event.preventDefault();
      location.replace(`${blog.src}/entries/${id}${location.hash}`); // the page that begins with the entry
    } else if (exists === false) {
      unknown.hidden = false;
      unknown.scrollIntoView({ block: "nearest" });
    }
  });
  addEventListener("hashchange", () => (unknown.hidden = true));
}
