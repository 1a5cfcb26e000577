/** @import { Phase } from "./stream.js" */
import { announce } from "../ui/messages.js";
import { find } from "../ui/dom.js";

/** @type {Record<Phase, [string, string]>} */
const TEXTS = {
  connecting: ["Connecting", ""],
  live: ["Connected", ""],
  offline: ["Offline", "No connection to the server. What you write is kept on this device. The desk connects again by itself."],
  "signed-out": ["Signed out", "Your session has ended."],
  refused: ["No access", "You may no longer see this blog, or it was deleted."],
};

/**
 * Show whether the desk is up to date.
 *
 * @param {HTMLElement} main
 * @param {() => unknown} signIn
 */
export function makeStatus(main, signIn) {
  const badge = find(document, "[data-part=connection]");
  const banner = find(main, "#banner");
  const action = find(banner, "button");
  action.addEventListener("click", () => signIn());
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Phase} */
  let now = "connecting";

  /** @param {Phase} phase @param {string} [reason] */
  return (phase, reason) => {
    if (phase === now && !reason) return;
    const was = now;
    now = phase;
    clearTimeout(timer);
    // A break of a moment is not worth a word
    timer = setTimeout(() => {
      badge.textContent = TEXTS[phase][0];
      badge.dataset.phase = phase;
      find(document, "[data-part=readers]").hidden ||= phase !== "live"; // nobody knows how many there are; the stream says it again
      const text = reason ?? TEXTS[phase][1];
      find(banner, "span").textContent = text;
      banner.hidden = !text;
      action.hidden = phase !== "signed-out";
      if (text) announce(text);
      else if (phase === "live" && was !== "connecting") announce("Connected again");
    }, phase === "offline" ? 1_500 : 0);
  };
}
