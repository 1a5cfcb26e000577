/** @import { Words } from "../types.js" */
/** @import { MediaList } from "./media-list.js" */

/** The text fields of the form, and the words that they hold. @type {Record<string, Exclude<keyof Words, "format" | "media" | "authorUrls" | "key" | "breaking" | "pinned">>} */
const TEXTS = {
  markdown: "body",
  title: "title",
  authors: "authors",
  tags: "tags",
  source_name: "sourceName",
  source_url: "sourceUrl",
  event_at: "eventAt",
  publish_at: "publishAt",
  expires_at: "expiresAt",
};

const FLAGS = /** @type {const} */ (["key", "breaking", "pinned"]);

/** The element of a field that the editors' API names in another way. @type {Record<string, string>} */
const ELEMENTS = { html: "markdown", source: "source_url" };

/** Reads and writes the fields of the form, exactly as they are typed. */
export class FormFields {
  #form;
  #media;
  /** @type {Words["format"]} */
  #format = "markdown";
  /** @type {Record<string, string>} */
  #authorUrls = {};

  /**
   * @param {HTMLFormElement} form
   * @param {MediaList} media
   */
  constructor(form, media) {
    this.#form = form;
    this.#media = media;
  }

  /** The text of the entry. */
  get body() {
    return /** @type {HTMLTextAreaElement} */ (this.#form.elements.namedItem("markdown"));
  }

  /** @returns {Words} */
  read() {
    const texts = Object.entries(TEXTS).map(([name, word]) => [word, this.#field(name)?.value ?? ""]);
    const flags = FLAGS.map((name) => [name, this.#flag(name).checked]);
    const rest = { format: this.#format, media: this.#media.media, authorUrls: this.#authorUrls };
    return structuredClone({ ...Object.fromEntries([...texts, ...flags]), ...rest });
  }

  /** @param {Words} words */
  write(words) {
    for (const [name, word] of Object.entries(TEXTS)) {
      const field = this.#field(name);
      if (field && field.value !== words[word]) field.value = words[word];
    }
    for (const name of FLAGS) this.#flag(name).checked = words[name];
    this.#format = words.format;
    this.#authorUrls = words.authorUrls;
    this.#media.media = words.media;
  }

  /** @param {(typeof FLAGS)[number]} name */
  setFlag(name) {
    this.#flag(name).checked = true;
  }

  /**
   * Return the element of a field of the editors' API, if the form has it.
   *
   * @param {string | undefined} field
   */
  element(field) {
    return field ? this.#field(ELEMENTS[field] ?? field) : null;
  }

  /** @param {boolean} isOff */
  disable(isOff) {
    for (const element of this.#form.elements) {
      if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.readOnly = isOff;
    }
  }

  /** @param {string} name @returns {HTMLInputElement | null} */
  #field(name) {
    return /** @type {HTMLInputElement | null} */ (this.#form.elements.namedItem(name));
  }

  /** @param {string} name */
  #flag(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }
}
