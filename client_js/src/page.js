// What the server's pages load: it starts by itself. `index.js` is for everybody else.
import { BlogPage } from "./view/blog-page.js";

const container = /** @type {HTMLElement | null} */ (document.querySelector("[data-blog][data-cursor]"));
if (container) new BlogPage(container).start();
