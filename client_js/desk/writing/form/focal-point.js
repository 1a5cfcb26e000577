/** @import { Media } from "../types.js" */

/** How far an arrow key moves the point. */
const STEP = 0.05;

/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** A small image on which an editor marks what must stay visible when it is cropped: with a click, or the arrow keys. */
export class FocalPoint {
  element = document.createElement("button");
  #mark = document.createElement("span");
  #media;
  #changed;

  /**
   * @param {Media} media
   * @param {() => void} changed
   */
  constructor(media, changed) {
    this.#media = media;
    this.#changed = changed;
    const image = document.createElement("img");
    image.src = media.url;
    image.alt = "";
    this.element.type = "button";
    this.element.className = "focal-point";
    this.element.append(image, this.#mark);
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("keydown", (event) => this.#press(event));
    this.#show();
  }

  /** @param {MouseEvent} event */
  #click({ clientX, clientY, detail }) {
    if (!detail) return; // the Enter key
    const { left, top, width, height } = this.element.getBoundingClientRect();
    this.#set((clientX - left) / width, (clientY - top) / height);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = this.#media.focus ?? [0.5, 0.5];
    this.#set(x + step[0], y + step[1]);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #set(x, y) {
    const within = (/** @type {number} */ value) => Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
    this.#media.focus = [within(x), within(y)];
    this.#show();
    this.#changed();
  }

  #show() {
    const [x, y] = this.#media.focus ?? [0.5, 0.5];
    const percent = (/** @type {number} */ value) => `${Math.round(value * 100)} %`;
    this.#mark.style.left = `${x * 100}%`;
    this.#mark.style.top = `${y * 100}%`;
    const place = `${percent(x)} from the left, ${percent(y)} from the top`;
    this.element.setAttribute("aria-label", `Focal point: ${place}. Click the image, or use the arrow keys, to move it.`);
  }
}
