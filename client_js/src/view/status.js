/** @import { BlogStatus } from "../core/messages.js" */
/** @import { LiveBlog } from "../core/live-blog.js" */
/** @import { Texts } from "../texts.js" */
import { localText } from "./times.js";

/** A first connection that takes longer than this is no connection, in milliseconds. */
const PATIENCE = 4_000;

/** Says how new the page is: what the blog does, unless that cannot be known. */
export class Status {
  #line;
  #live;
  #texts;
  #language;
  #patient = true;
  /** When the page was made, should the server never be heard: a copy of it may have been kept for long. */
  #made = new Date(document.lastModified);

  /**
   * @param {HTMLElement} line
   * @param {LiveBlog} live
   * @param {Texts} texts
   * @param {string | undefined} language
   */
  constructor(line, live, texts, language) {
    this.#line = line;
    this.#live = live;
    this.#texts = texts;
    this.#language = language;
    /** @type {BlogStatus} */
    this.blog = /** @type {BlogStatus} */ (line.dataset.status);
    live.addEventListener("phase", () => this.show());
    addEventListener("offline", () => this.show());
    addEventListener("online", () => this.show());
    setTimeout(() => {
      this.#patient = false;
      this.show();
    }, PATIENCE);
  }

  show() {
    const [word, text] = this.#say();
    if (this.#line.textContent === text) return;
    this.#line.dataset.status = word;
    this.#line.textContent = text;
  }

  /** @returns {[word: string, text: string]} */
  #say() {
    const { phase, lastHeard } = this.#live;
    if (phase === "refused") return ["unavailable", this.#texts.refused];
    const lost = phase === "reconnecting" || (phase === "connecting" && !this.#patient);
    if (!lost || (this.blog === "ended" && phase === "reconnecting")) return [this.blog, this.#texts[this.blog]];
    const last = lastHeard === null ? this.#made : new Date(lastHeard);
    const text = navigator.onLine ? this.#texts.reconnecting : this.#texts.offline;
    return ["reconnecting", text.replace("{time}", localText(last, new Date(), this.#language))];
  }
}
