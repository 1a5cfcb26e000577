/** @import { Life } from "./life.js" */
/** @import { ElementEvents, TypedTarget } from "./types.js" */
import { lifeOf } from "./life.js";

/** On a server there are no elements: there, this module only must be importable. */
const Base = /** @type {new () => TypedTarget<ElementEvents> & HTMLElement} */ (globalThis.HTMLElement ?? class {});

/**
 * `<live-blog src="https://host/blogs/NAME">` shows a blog and keeps it up to date while it is in a document.
 *
 * If it contains the server's markup, it takes that over. Otherwise it loads the markup from the server into a shadow
 * root with slots named `masthead`, `related` and `footer`. The attribute `lang` sets the language of its texts.
 * Without `src` it does nothing.
 */
export class LiveBlogElement extends Base {
  static observedAttributes = ["src", "lang"];

  /** @type {Life | null} */
  #life = null;
  /** The address and language of `#life`. */
  #shown = "";
  #isPlanned = false;

  /** The client that follows the blog; null while there is nothing to show. */
  get live() {
    return this.#life?.live ?? null;
  }

  /**
   * The absolute address of the blog's page, or "". It reflects the attribute, as `src` of an image does.
   *
   * @returns {string}
   */
  get src() {
    return this.#address?.href ?? this.getAttribute("src") ?? "";
  }

  /** @param {string | URL | null | undefined} address frameworks set null or undefined to remove it */
  set src(address) {
    this.#reflect("src", address);
  }

  /** @override @returns {string} */
  get lang() {
    return super.lang;
  }

  /** @override @param {string | null | undefined} language */
  set lang(language) {
    this.#reflect("lang", language);
  }

  connectedCallback() {
    if (Object.hasOwn(this, "src")) {
      // The page has set the property before this script was here
      const { src } = this;
      Reflect.deleteProperty(this, "src");
      this.src = src;
    }
    this.#plan();
  }

  disconnectedCallback() {
    this.#plan();
  }

  attributeChangedCallback() {
    this.#plan();
  }

  adoptedCallback() {
    this.#shown = ""; // another document does not have the style sheet
  }

  /** Act once on all that one task changes: an element that is moved keeps its connection. */
  #plan() {
    if (!this.#isPlanned) queueMicrotask(() => this.#follow());
    this.#isPlanned = true;
  }

  #follow() {
    this.#isPlanned = false;
    const address = this.#address;
    const wanted = `${address} ${this.lang}`;
    if (this.#life && this.#shown !== wanted) {
      this.#life.stop();
      this.#life = null;
      delete this.dataset.cursor; // the markup from the server is of another blog or language
      // Show the content of the element until the new markup is loaded
      this.shadowRoot?.replaceChildren(this.ownerDocument.createElement("slot"));
    }
    this.#shown = wanted;
    if (!this.isConnected || !this.ownerDocument.defaultView) return this.#life?.stop();
    if (address) this.#life ??= lifeOf(this, address);
    this.#life?.start();
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  #reflect(name, value) {
    if (value || value === "") this.setAttribute(name, `${value}`);
    else this.removeAttribute(name);
  }

  get #address() {
    const text = this.getAttribute("src")?.trim();
    try {
      const address = text && new URL(text, this.baseURI);
      return address && /^https?:$/.test(address.protocol) ? address : null;
    } catch {
      return null;
    }
  }
}

if (globalThis.customElements && !customElements.get("live-blog")) customElements.define("live-blog", LiveBlogElement);
