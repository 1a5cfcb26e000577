import { LiveBlog } from "../../src/index.js";

const PHASES = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  refused: "This blog cannot be followed",
  stopped: "",
};

/** @template {Element} T @param {string} selector */
const part = (selector) => /** @type {T} */ (document.querySelector(selector));

const src = new URLSearchParams(location.search).get("src") ?? "http://127.0.0.1:8000/blogs/karabakh";
const live = new LiveBlog(src);
const list = part("ol");
const older = /** @type {HTMLButtonElement} */ (part("button"));

live.addEventListener("change", () => {
  part("h1").textContent = live.state.header?.headline ?? "";
  list.replaceChildren(...live.state.entries.map(itemOf));
  older.hidden = live.state.older === null;
});
live.addEventListener("phase", () => {
  part("[role=status]").textContent = PHASES[live.phase];
});
older.addEventListener("click", () => live.loadOlder());
live.start();

/** @param {import("../../src/index.js").Entry} entry */
function itemOf(entry) {
  const item = document.createElement("li");
  item.id = entry.id;
  if (entry.status === "retracted") {
    item.textContent = entry.note ?? "This update was retracted.";
    return item;
  }
  const title = document.createElement("h2");
  title.textContent = entry.title ?? "";
  const body = document.createElement("div");
  body.innerHTML = entry.html ?? ""; // the server has made it safe
  item.append(title, body);
  return item;
}
