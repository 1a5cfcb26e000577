/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { BlogStatus } from "../core/messages.js" */
/** @import { WhileShown } from "./blog-view.js" */
/** @import { Setting } from "./setting.js" */
import { localText } from "./times.js";

/** A first connection that takes longer than this is no connection. */
const FIRST_CONNECTION_MILLISECONDS = 4_000;

/**
 * Say how new the page is: what the blog does, unless that cannot be known.
 *
 * @param {HTMLElement} line
 * @param {BareLiveBlog} live
 * @param {Setting} setting
 * @param {WhileShown} whileShown
 * @returns {(blog: BlogStatus) => void} to be told what the blog does
 */
export function useStatus(line, live, { texts, language }, whileShown) {
  let blog = /** @type {BlogStatus} */ (line.dataset.status);
  let isPatient = true;
  // When the page was made, should the server never be heard: a copy of it may have been kept for long
  const made = document.lastModified;
  const show = () => {
    const { phase, lastHeard } = live;
    const lost = phase === "reconnecting" ? blog !== "ended" : phase === "connecting" && !isPatient;
    const word = phase === "refused" ? phase : !lost ? blog : navigator.onLine ? "reconnecting" : "offline";
    line.dataset.status = word;
    line.textContent = texts[word].replace("{time}", localText(new Date(lastHeard ?? made), language));
  };
  live.addEventListener("phase", show);
  whileShown((signal) => {
    addEventListener("offline", show, { signal });
    addEventListener("online", show, { signal });
    const timer = setTimeout(() => {
      isPatient = false;
      show();
    }, FIRST_CONNECTION_MILLISECONDS);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
  return (status) => {
    blog = status;
    show();
  };
}
