/** @import { Life } from "./life.js" */
import { lifeOf } from "./life.js";

/**
 * `<live-blog src="https://host/blogs/NAME">`: shows a blog and keeps it up to date, as long as it is in a document.
 *
 * With the server's markup in it, it takes that over; else it asks the server for the same and puts it into a shadow
 * root of its own, with slots named `masthead`, `related` and `footer`. The attribute `lang` says in which language it
 * speaks. Without `src` it does nothing.
 */
export class LiveBlogElement extends HTMLElement {
  static observedAttributes = ["src", "lang"];

  /** @type {Life | null} */
  #life = null;
  /** Whether it was told that it is in a document: attributes come first. */
  #isHere = false;

  /** The blog as it is followed; null as long as there is nothing to show. */
  get live() {
    return this.#life?.live ?? null;
  }

  /** The address of the blog's page, absolute; "" without one. As of an image, it reflects the attribute. */
  get src() {
    const text = this.getAttribute("src");
    return text ? (this.#address?.href ?? text) : "";
  }

  set src(address) {
    this.setAttribute("src", address);
  }

  connectedCallback() {
    this.#isHere = true;
    const address = this.#address;
    if (address) this.#life ??= lifeOf(this, address);
    this.#life?.start();
  }

  disconnectedCallback() {
    this.#isHere = false;
    this.#life?.stop();
  }

  /**
   * @param {string} _name
   * @param {string | null} before
   * @param {string | null} now
   */
  attributeChangedCallback(_name, before, now) {
    if (before === now || !(this.#life || this.#isHere)) return;
    this.#life?.stop();
    this.#life = null;
    delete this.dataset.cursor; // what the server has made is of another blog, or in another language
    // What stands in the element is shown until there is something else
    this.shadowRoot?.replaceChildren(document.createElement("slot"));
    if (this.#isHere) this.connectedCallback();
  }

  get #address() {
    const text = this.getAttribute("src");
    try {
      return text ? new URL(text, document.baseURI) : null;
    } catch {
      return null;
    }
  }
}

if (!customElements.get("live-blog")) customElements.define("live-blog", LiveBlogElement);
