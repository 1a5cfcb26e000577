/** @import { Life } from "./life.js" */
import { lifeOf } from "./life.js";

/**
 * `<live-blog src="https://host/blogs/NAME">` shows a blog and keeps it up to date while it is in a document.
 *
 * If it contains the server's markup, it takes that over. Otherwise it loads the markup from the server into a shadow
 * root with slots named `masthead`, `related` and `footer`. The attribute `lang` sets the language of its texts.
 * Without `src` it does nothing.
 */
export class LiveBlogElement extends HTMLElement {
  static observedAttributes = ["src", "lang"];

  /** @type {Life | null} */
  #life = null;
  /** Whether `connectedCallback` was called: `isConnected` is true earlier, when the first attributes are set. */
  #isHere = false;

  /** The client that follows the blog; null while there is nothing to show. */
  get live() {
    return this.#life?.live ?? null;
  }

  /** The absolute address of the blog's page, or "". It reflects the attribute, as `src` of an image does. */
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
    delete this.dataset.cursor; // the markup from the server is of another blog or language
    // Show the content of the element until the new markup is loaded
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
