/** @import { Api } from "../api.js" */
import { errorText } from "../api.js";
import { ask } from "../ui/dialog.js";
import { find, make } from "../ui/dom.js";
import { say } from "../ui/messages.js";
import { signInAgain } from "../ui/signed-out.js";
import { known } from "../ui/zones.js";
import { endBlog } from "./end-blog.js";
import { Related } from "./related.js";
import { fill, TIMES, written } from "./fields.js";
import { Summary } from "./summary.js";

/**
 * Run a blog: its head, times, summary, related stories, access and the note for the next shift.
 *
 * @param {HTMLElement} main
 * @param {Api} api
 */
export async function startSettings(main, api) {
  const session = await api.session();
  if (!session) return location.replace(`/desk/sign-in?next=${encodeURIComponent(location.pathname)}`);
  api.signInAgain = () => signInAgain(api, session);
  const form = /** @type {HTMLFormElement} */ (find(main, "form"));
  const page = new SettingsForm(form, api, `/api/blogs/${main.dataset.blog}`);
  if (!(await page.load())) return;
  form.hidden = false;
}

class SettingsForm {
  #etag = "";
  /** @type {any} */
  #header = {};

  /**
   * @param {HTMLFormElement} form
   * @param {Api} api
   * @param {string} path
   */
  constructor(form, api, path) {
    this.form = form;
    this.api = api;
    this.path = path;
    this.error = find(form, ":scope > .error");
    this.saved = find(form, "[data-part=saved]");
    this.related = new Related(find(form, "[data-part=related]"), () => this.#changed());
    this.summary = new Summary(find(form, "[data-part=summary]"), find(form, "[data-do=reset-summary]"), () => this.#changed());
    find(form, "#timezones").append(...Intl.supportedValuesOf("timeZone").map((value) => make("option", { value })));
    find(form, "[data-do=add-related]").addEventListener("click", () => this.related.add());
    find(form, "[data-do=end-blog]").addEventListener("click", () => this.#end());
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    addEventListener("beforeunload", (event) => {
      if (Object.keys(this.changes()).length) event.preventDefault();
    });
  }

  get zone() {
    return known(this.#header.timezone ?? "");
  }

  /** Read the header into the form. Return whether that was possible. */
  async load() {
    const answer = await this.api.get(this.path);
    if (!answer.ok) {
      this.form.before(make("p", { class: "error", role: "alert" }, errorText(answer)));
      return false;
    }
    const entries = await this.api.get(`${this.path}/entries?status=published&limit=500`);
    this.#take(answer.body, answer.headers.get("ETag") ?? "");
    this.summary.show(entries.body?.entries ?? [], this.#header.summary ?? []);
    return true;
  }

  /** Return the fields that differ from the header, as PATCH takes them. */
  changes() {
    const now = { ...written(this.form, this.zone, this.#header), related: this.related.values() };
    if (this.summary.isChanged()) Object.assign(now, { summary: this.summary.values() });
    return Object.fromEntries(
      Object.entries(now).filter(([name, value]) => textOf(value) !== textOf(this.#was(name))),
    );
  }

  /**
   * Send what has changed. A colleague's change of another field stays.
   *
   * @returns {Promise<void>}
   */
  async save() {
    this.error.hidden = true;
    const changes = this.changes();
    if (!Object.keys(changes).length) return this.#say("Nothing has changed.");
    await measure(changes.image);
    const answer = await this.api.send("PATCH", this.path, changes, { "If-Match": this.#etag });
    if (answer.status === 412) return this.#conflict(answer, changes);
    if (!answer.ok) return this.#fail(errorText(answer), answer.body?.field);
    this.#take(answer.body, answer.headers.get("ETag") ?? "");
    this.summary.keep();
    this.#say("Saved");
  }

  /**
   * A colleague has changed the header meanwhile: ask which values stay.
   *
   * @param {import("../api.js").Answer} answer
   * @param {Record<string, unknown>} changes
   * @returns {Promise<void>}
   */
  async #conflict(answer, changes) {
    const theirs = answer.body.header;
    const both = Object.keys(changes).filter((name) => JSON.stringify(theirs[name]) !== JSON.stringify(this.#header[name]));
    this.#etag = answer.headers.get("ETag") ?? "";
    if (!both.length) {
      this.#header = theirs;
      return this.save();
    }
    const list = make("dl", { class: "conflict" });
    for (const name of both) {
      const shown = (/** @type {unknown} */ value) => (typeof value === "string" ? value : JSON.stringify(value ?? null));
      list.append(make("dt", {}, name.replaceAll("_", " ")), make("dd", { dir: "auto" }, `Theirs: ${shown(theirs[name])}`), make("dd", { dir: "auto" }, `Mine: ${shown(changes[name])}`));
    }
    const text = "A colleague has changed the same settings meanwhile. With “Save mine” yours replace theirs. With “Cancel” nothing is saved, and your values stay in the form.";
    const mine = await ask({ title: "Both of you have changed this", text, content: list, action: "Save mine" });
    if (!mine) return;
    this.#header = theirs;
    await this.save();
  }

  async #end() {
    if (!(await endBlog(this.api, this.path))) return;
    await this.load();
    say("The blog has ended.");
  }

  /**
   * @param {any} header
   * @param {string} etag
   */
  #take(header, etag) {
    this.#header = header;
    this.#etag = etag;
    fill(this.form, header, this.zone);
    this.related.show(header.related ?? []);
    find(this.form, "[data-part=zone]").textContent = this.zone;
    find(document, "[data-part=headline]").textContent = header.headline;
    find(this.form, "[data-part=end]").hidden = header.status === "ended";
  }

  /** @param {string} name */
  #was(name) {
    const value = this.#header[name];
    // The form has whole seconds
    return TIMES.includes(name) && value ? new Date(Math.floor(Date.parse(value) / 1000) * 1000).toISOString() : value;
  }

  #changed() {
    this.saved.textContent = Object.keys(this.changes()).length ? "Not saved yet" : "";
  }

  /** @param {string} text */
  #say(text) {
    this.saved.textContent = text;
  }

  /**
   * @param {string} text
   * @param {string | undefined} field
   */
  #fail(text, field) {
    this.error.textContent = text;
    this.error.hidden = false;
    const input = field ? this.form.elements.namedItem(field) : null;
    if (input instanceof HTMLElement) input.focus();
  }
}

/** Return a value as a text; all kinds of nothing are the same. @param {any} value */
function textOf(value) {
  return JSON.stringify(value?.length === 0 ? null : (value ?? null));
}

/**
 * Add the size of an image, so that readers' pages keep room for it.
 *
 * @param {any} image
 */
async function measure(image) {
  if (!image?.url || image.width) return;
  const element = new Image();
  element.src = image.url;
  const late = new Promise((resolve) => setTimeout(resolve, 5_000));
  await Promise.race([element.decode().catch(() => {}), late]);
  if (element.naturalWidth) Object.assign(image, { width: element.naturalWidth, height: element.naturalHeight });
}
