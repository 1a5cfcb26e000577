/** @import { BareLiveBlog } from "../core/bare-live-blog.js" */
/** @import { Feed } from "./feed.js" */
/** @import { WhileShown } from "./blog-view.js" */
/** @import { Texts } from "./setting.js" */
import { isPlain } from "./clicks.js";
import { focusedBy } from "./focus.js";

/** How many pages come by scrolling alone, before the reader is asked: what is below them wants to be reached too. */
const BY_SCROLLING = 3;

/** How far ahead of the end a page is asked for. */
const AHEAD = "600px";

/**
 * Load older entries, in the place of the link to their page.
 *
 * @param {HTMLElement} part with the links to other pages
 * @param {Feed} feed
 * @param {BareLiveBlog} live
 * @param {Texts} texts
 * @param {WhileShown} whileShown
 * @returns {() => Promise<boolean>} loads a page; whether there are more entries than before
 */
export function useOlder(part, feed, live, texts, whileShown) {
  let left = BY_SCROLLING;
  const link = () => part.querySelector("a[rel=next]");
  // Who has the focus on the link asks by it: it does not go away meanwhile
  const isFocused = () => part.contains(focusedBy(part));

  const load = async () => {
    const say = (/** @type {string} */ text) => link()?.replaceChildren(text);
    say(texts.loading);
    const change = new Promise((resolve) => live.addEventListener("change", resolve, { once: true }));
    const came = await live.loadOlder();
    if (came) await change; // a page that is newer than what is shown comes with the next update
    else say(texts.load_failed);
    // The end may be in view again, or still
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
    left = BY_SCROLLING;
    // Who asked by a click goes on where the new entries begin
    const edge = feed.articles.at(feed.newestFirst ? -1 : 0);
    if (!(await load())) return;
    const next = feed.newestFirst ? edge?.nextElementSibling : edge?.previousElementSibling;
    /** @type {HTMLElement | null | undefined} */ (next)?.focus({ preventScroll: true });
  });
  return load;
}
