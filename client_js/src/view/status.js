/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { BlogStatus } from "../core/messages.js" */
/** @import { WhileShown } from "./blog-view.js" */
/** @import { Setting } from "./setting.js" */
import { localText } from "./times.js";

/** After this time, a page that is still connecting for the first time is shown as disconnected. */
const FIRST_CONNECTION_MILLISECONDS = 4_000;

/**
 * Show the status of the blog or, without a connection, how old the page is.
 *
 * @param {(name: string) => HTMLElement} part returns a part by name
 * @param {BareLiveBlog} live
 * @param {Setting} setting
 * @param {WhileShown} whileShown
 * @returns {(blog: BlogStatus) => void} call it with the status of the blog
 */
export function useStatus(part, live, { texts, language }, whileShown) {
  const [status, notice] = [part("status"), part("lost")];
  let blog = /** @type {BlogStatus} */ (status.dataset.status);
  let isLate = false;
  // An offline copy of the page may be old
  const made = document.lastModified;
  const show = () => {
    const { phase, lastHeard } = live;
    const lost = phase === "reconnecting" ? blog !== "ended" : phase === "connecting" && isLate;
    const word = phase === "refused" ? phase : !lost ? blog : navigator.onLine ? "reconnecting" : "offline";
    status.dataset.status = word;
    status.textContent = texts[word].replace("{time}", localText(new Date(lastHeard ?? made), language));
    // Say it also where the reader is
    notice.hidden = !lost;
    notice.textContent = status.textContent;
    /** @type {HTMLElement} */ (part("tools").querySelector(".pause")).hidden = blog === "ended";
  };
  live.addEventListener("phase", show);
  whileShown((signal) => {
    addEventListener("offline", show, { signal });
    addEventListener("online", show, { signal });
    const timer = setTimeout(() => {
      isLate = true;
      show();
    }, FIRST_CONNECTION_MILLISECONDS);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
  return (now) => {
    blog = now;
    show();
  };
}
