/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { BlogStatus } from "../core/messages.js" */
/** @import { Macros } from "./macros.js" */
import { localText } from "./times.js";

/** A first connection that takes longer than this is no connection, in milliseconds. */
const PATIENCE = 4_000;

/**
 * Say how new the page is: what the blog does, unless that cannot be known.
 *
 * @param {HTMLElement} line
 * @param {LiveBlog} live
 * @param {Macros} macros
 * @returns {(blog: BlogStatus) => void} to be told what the blog does
 */
export function useStatus(line, live, { texts, language }) {
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
  addEventListener("offline", show);
  addEventListener("online", show);
  setTimeout(() => {
    isPatient = false;
    show();
  }, PATIENCE);
  return (status) => {
    blog = status;
    show();
  };
}
