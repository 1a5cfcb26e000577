/** @import { Media } from "../types.js" */
/** @import { UploadFailed } from "./upload.js" */
import { FocalPoint } from "./focal-point.js";
import { upload } from "./upload.js";

/** The most images that are sent at once: the server makes one after the other. */
const MAX_UPLOADS = 2;
/** The most items of an entry's `media`. */
const MAX_ITEMS = 50;

/**
 * An item of the list: an upload that goes on, failed, or has become `media`.
 *
 * @typedef {{media: Media | null, file: File | null, element: HTMLLIElement, aborter: AbortController, state: "waiting" | "sending" | "failed" | "done"}} Item
 */

/** The images, films, sounds and embeds of the form, with what is said about each. Sends images to the server. */
export class MediaList {
  #list;
  #blog;
  #token;
  #changed;
  /** @type {Item[]} */
  #items = [];

  /**
   * @param {HTMLElement} list a `ul`
   * @param {string} blog
   * @param {() => string} token of the session
   * @param {() => void} changed
   */
  constructor(list, blog, token, changed) {
    this.#list = list;
    this.#blog = blog;
    this.#token = token;
    this.#changed = changed;
  }

  /** @returns {Media[]} without uploads that go on */
  get media() {
    return this.#items.flatMap(({ media }) => (media ? [media] : []));
  }

  set media(all) {
    for (const { aborter } of this.#items) aborter.abort();
    this.#items = [];
    this.#list.replaceChildren();
    for (const one of all) this.#add({ media: { ...one }, file: null, state: "done" });
  }

  /** How many images are not on the server yet. */
  get pending() {
    return this.#items.filter(({ media }) => !media).length;
  }

  /** @param {Media} media */
  add(media) {
    const item = this.#add({ media: { ...media }, file: null, state: "done" });
    this.#changed();
    return item?.element;
  }

  /** Send images to the server. @param {Iterable<File>} files */
  attach(files) {
    for (const file of files) this.#add({ media: null, file, state: "waiting" });
    this.#sendNext();
  }

  /** @param {Pick<Item, "media" | "file" | "state">} parts */
  #add(parts) {
    if (this.#items.length >= MAX_ITEMS) return;
    const element = document.createElement("li");
    const item = { ...parts, element, aborter: new AbortController() };
    this.#items.push(item);
    this.#list.append(element);
    this.#render(item);
    return item;
  }

  #sendNext() {
    const sending = this.#items.filter(({ state }) => state === "sending").length;
    const next = this.#items.find(({ state }) => state === "waiting");
    if (next && sending < MAX_UPLOADS) void this.#send(next);
  }

  /** @param {Item} item */
  async #send(item) {
    item.state = "sending";
    this.#render(item);
    this.#sendNext();
    const progress = item.element.querySelector("progress");
    const show = (/** @type {number} */ share) => {
      if (progress && share < 1) progress.value = share;
      else progress?.removeAttribute("value"); // the server works on it
    };
    try {
      item.media = await upload(this.#blog, /** @type {File} */ (item.file), this.#token(), show, item.aborter.signal);
      item.state = "done";
      this.#render(item);
      this.#changed();
    } catch (error) {
      if (!item.aborter.signal.aborted) {
        item.state = "failed";
        this.#render(item, /** @type {UploadFailed} */ (error));
      }
    }
    this.#sendNext();
  }

  /** @param {Item} item */
  #remove(item) {
    item.aborter.abort();
    const next = /** @type {HTMLElement | null} */ (item.element.nextElementSibling ?? item.element.previousElementSibling);
    this.#items = this.#items.filter((one) => one !== item);
    item.element.remove();
    next?.querySelector("input")?.focus();
    this.#changed();
    this.#sendNext();
  }

  /**
   * @param {Item} item
   * @param {UploadFailed} [error]
   */
  #render(item, error) {
    const { element, media } = item;
    const name = item.file?.name ?? (media ? nameOf(media) : "");
    element.dataset.state = item.state;
    element.replaceChildren();
    if (media) this.#renderMedia(item, media);
    else this.#renderUpload(item, name, error);
    const remove = button(media || error ? "Remove" : "Cancel", () => this.#remove(item));
    remove.setAttribute("aria-label", `${remove.textContent} ${name}`);
    element.append(remove);
  }

  /**
   * @param {Item} item
   * @param {string} name
   * @param {UploadFailed} [error]
   */
  #renderUpload(item, name, error) {
    const label = document.createElement("span");
    label.textContent = name;
    item.element.append(label);
    if (error !== undefined) {
      const said = document.createElement("p");
      said.className = "error";
      said.setAttribute("role", "alert");
      said.textContent = error.message;
      item.element.append(said, ...(error.isFinal ? [] : [button("Try again", () => this.#again(item))]));
    } else {
      const progress = document.createElement("progress");
      progress.max = 1;
      progress.value = 0;
      progress.setAttribute("aria-label", `Sending ${name}`);
      item.element.append(progress);
    }
  }

  /** @param {Item} item */
  #again(item) {
    item.state = "waiting";
    this.#render(item);
    this.#sendNext();
  }

  /**
   * @param {Item} item
   * @param {Media} media
   */
  #renderMedia(item, media) {
    const tell = () => this.#changed();
    if (media.type === "image") item.element.append(new FocalPoint(media, tell).element);
    const type = document.createElement("span");
    type.className = "fine";
    type.textContent = item.file?.name ?? nameOf(media);
    item.element.append(type);
    if (media.type === "image") item.element.append(field("What the image shows (for those who cannot see it)", media, "alt", tell));
    item.element.append(field(media.type === "embed" ? "Title" : "Caption", media, "caption", tell));
    if (media.type !== "embed") item.element.append(field("Credit", media, "credit", tell));
  }
}

/**
 * Return a field for something that is said about an item.
 *
 * @param {string} label
 * @param {Media} media
 * @param {"alt" | "caption" | "credit"} name
 * @param {() => void} changed
 */
function field(label, media, name, changed) {
  const holder = document.createElement("label");
  const input = document.createElement("input");
  input.dir = "auto";
  input.maxLength = name === "credit" ? 500 : 2_000;
  input.dataset.name = name;
  input.value = media[name] ?? "";
  input.addEventListener("input", () => {
    if (input.value) media[name] = input.value;
    else delete media[name];
    changed();
  });
  holder.append(label, input);
  return holder;
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/** @param {Media} media */
function nameOf({ type, url }) {
  const kind = { image: "Image", video: "Film", audio: "Sound", embed: "Embed" }[type];
  return `${kind}: ${url.replace(/^https?:\/\/(www\.)?/, "").slice(0, 80)}`;
}
