/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { Feed } from "./feed.js" */
/** @import { WhileShown } from "./blog-view.js" */
/** @import { Texts } from "./setting.js" */
import { isPlain } from "./clicks.js";
import { focusedBy } from "./focus.js";

/** Pages that load by scrolling. After them the reader has to click, so that the footer can be reached. */
const SCROLLED_PAGES = 3;

/** Distance from the end at which the next page loads. */
const AHEAD = "600px";

/**
 * Load older entries when the reader clicks on the link to them or scrolls near it.
 *
 * @param {HTMLElement} part with the links to other pages
 * @param {Feed} feed
 * @param {BareLiveBlog} live
 * @param {Texts} texts
 * @param {WhileShown} whileShown
 * @returns {() => Promise<boolean>} loads a page, and resolves to whether it came
 */
export function useOlder(part, feed, live, texts, whileShown) {
  let left = SCROLLED_PAGES;
  const link = () => part.querySelector("a[rel=next]");
  // A focused link stays until it is used: scrolling does not replace it
  const isFocused = () => part.contains(focusedBy(part));

  const load = async () => {
    const say = (/** @type {string} */ text) => link()?.replaceChildren(text);
    say(texts.loading);
    const change = new Promise((resolve) => live.addEventListener("change", resolve, { once: true }));
    const came = await live.loadOlder();
    if (came) await change; // a page that is newer than the state waits for the next update
    else say(texts.load_failed);
    // Observe again: the end may still be in view
    observer.disconnect();
    if (part.isConnected) observer.observe(part);
    return came;
  };

  const observer = new IntersectionObserver(
    async (seen) => {
      if (scrollY <= 0 || left < 1 || isFocused() || !seen.at(-1)?.isIntersecting) return;
      left -= 1;
      await load();
      if (isFocused()) part.scrollIntoView({ block: "nearest" });
    },
    { rootMargin: AHEAD },
  );
  whileShown((signal) => {
    observer.observe(part);
    signal.addEventListener("abort", () => observer.disconnect());
  });

  part.addEventListener("click", async (click) => {
    if (!link()?.contains(/** @type {Node} */ (click.target)) || !isPlain(click)) return;
    click.preventDefault();
    left = SCROLLED_PAGES;
    // After a click, focus the first of the new entries
    const edge = feed.articles.at(feed.newestFirst ? -1 : 0);
    if (!(await load())) return;
    const next = feed.newestFirst ? edge?.nextElementSibling : edge?.previousElementSibling;
    /** @type {HTMLElement | null | undefined} */ (next)?.focus({ preventScroll: true });
  });
  return load;
}
