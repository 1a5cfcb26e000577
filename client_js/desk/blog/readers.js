import { counted, find, make } from "../ui/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 24;

/** @typedef {{total: number, nodes: {node: string, websocket: number, events: number, changes: number}[], hour: number[]}} Readers */

/**
 * Show how many readers there are, how many there were in the last hour, and how they are connected.
 *
 * @param {HTMLElement} root
 * @param {Readers} readers
 */
export function showReaders(root, { total = 0, nodes = [], hour = [] }) {
  find(root, "[data-part=readers-total]").textContent = `${counted(total, "reader")} now`;
  find(root, "[data-part=readers-chart]").replaceChildren(...(hour.length ? [chart(hour)] : []));
  const most = Math.max(...hour, total);
  const rows = nodes.map((one) =>
    make("tr", {}, make("th", { scope: "row" }, one.node), ...[one.websocket, one.events, one.changes].map((number) => make("td", {}, number.toLocaleString("en")))),
  );
  const head = ["Node", "WebSocket", "Events", "Long polls"].map((name) => make("th", { scope: "col" }, name));
  find(root, "[data-part=readers-more]").replaceChildren(
    make("p", { class: "fine" }, `Most in the last hour: ${most.toLocaleString("en")}`),
    make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)),
  );
  root.hidden = false;
}

/** Return a line of numbers, oldest first. @param {number[]} numbers */
function chart(numbers) {
  const most = Math.max(1, ...numbers);
  const x = (/** @type {number} */ index) => ((index / Math.max(1, numbers.length - 1)) * WIDTH).toFixed(1);
  const y = (/** @type {number} */ number) => (HEIGHT - 1 - (number / most) * (HEIGHT - 2)).toFixed(1);
  const line = numbers.map((number, index) => `${index ? "L" : "M"}${x(index)} ${y(number)}`).join("");
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: String(WIDTH), height: String(HEIGHT), role: "img" });
  svg.setAttribute("aria-label", `Readers in the last hour: ${numbers[0]} an hour ago, ${most} at most, ${numbers[numbers.length - 1]} now`);
  svg.append(
    draw("path", { class: "area", d: `${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z` }),
    draw("path", { class: "line", d: line }),
  );
  return svg;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
