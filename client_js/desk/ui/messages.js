import { find, make } from "./dom.js";

const SHOWN_MS = 5_000;
const MAX_SHOWN = 3;

/** Have a screen reader say a text, also if it is the same as before. @param {string} text */
export function announce(text) {
  const announcer = find(document, "#announcer");
  announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
}

/**
 * Show a message for a while. One with a problem stays until it is closed.
 *
 * @param {string} text
 * @param {"good" | "bad"} [kind]
 */
export function say(text, kind = "good") {
  const box = document.querySelector(".messages") ?? document.body.appendChild(make("div", { class: "messages" }));
  const close = make("button", { type: "button", class: "plain", "aria-label": "Close this message" }, "×");
  const message = make("p", { class: `message ${kind}`, role: kind === "bad" ? "alert" : "status" }, text, close);
  const remove = () => message.remove();
  close.addEventListener("click", remove);
  box.append(message);
  if (box.childElementCount > MAX_SHOWN) box.firstElementChild?.remove();
  if (kind === "good") setTimeout(remove, SHOWN_MS);
}
