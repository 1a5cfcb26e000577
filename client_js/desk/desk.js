// The script of the desk. Each page has a module of its own.
import "./vendor/relative-time.js";
import { Api } from "./api.js";
import { startBlog } from "./blog/blog.js";
import { startBlogs } from "./blogs.js";
import { startSettings } from "./settings/settings.js";
import { startSignIn } from "./sign-in.js";
import { closeDropsOutside } from "./ui/drops.js";
import { startWebhooks } from "./webhooks/webhooks.js";

/** @type {Record<string, (main: HTMLElement, api: Api) => unknown>} */
const PAGES = { blog: startBlog, blogs: startBlogs, settings: startSettings, "sign-in": startSignIn, webhooks: startWebhooks };

const main = /** @type {HTMLElement} */ (document.querySelector("main[data-page]"));
const api = new Api();

document.querySelector("[data-do=sign-out]")?.addEventListener("click", async () => {
  await api.session();
  await api.send("DELETE", "/api/session");
  location.assign("/desk/sign-in");
});

closeDropsOutside();
PAGES[main.dataset.page ?? ""]?.(main, api);
