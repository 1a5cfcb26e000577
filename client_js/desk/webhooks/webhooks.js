/** @import { Answer, Api } from "../api.js" */
import { errorText } from "../api.js";
import { ask, opened } from "../ui/dialog.js";
import { find, make } from "../ui/dom.js";
import { listen } from "../ui/keys.js";
import { hookRow } from "./hook-row.js";

/**
 * The page of webhooks: how each is doing, and the events that were given up.
 *
 * @param {HTMLElement} main
 * @param {Api} api
 */
export async function startWebhooks(main, api) {
  const page = new WebhooksPage(main, api);
  const add = find(main, "[data-do=new-webhook]");
  add.addEventListener("click", () => void page.add());
  listen([{ keys: ["n"], does: "make a new webhook", act: () => void page.add() }]);
  await api.session();
  await page.show();
}

class WebhooksPage {
  #api;
  #list;
  #empty;
  #error;

  /**
   * @param {HTMLElement} main
   * @param {Api} api
   */
  constructor(main, api) {
    this.#api = api;
    this.#list = find(main, "[data-part=hooks]");
    this.#empty = find(main, "[data-part=no-hooks]");
    this.#error = find(main, "[data-part=error]");
  }

  /** Read the webhooks again, and show them. */
  async show() {
    const answer = await this.#api.get("/api/webhooks");
    this.#list.removeAttribute("aria-busy");
    if (!this.#say(answer)) return;
    const rows = await Promise.all(answer.body.webhooks.map((/** @type {any} */ hook) => this.#row(hook)));
    this.#list.replaceChildren(...rows);
    this.#empty.hidden = rows.length > 0;
  }

  /** Ask for a new webhook, and show its secret. */
  async add() {
    /** @type {any} */
    let made = null;
    await ask(
      {
        title: "New webhook",
        text: "The server sends what changes to this address.",
        fields: [
          { name: "name", label: "Name", required: true, max: 100, hint: "Letters, digits, - and _." },
          { name: "url", label: "Address", required: true, max: 2_000 },
          { name: "blogs", label: "Blogs", value: "*", required: true, hint: "Names, or patterns such as sport-*. Separate them with commas." },
        ],
        action: "Make the webhook",
      },
      async ({ name, url, blogs }) => {
        const names = blogs.split(",").map((one) => one.trim()).filter(Boolean);
        const answer = await this.#api.send("POST", "/api/webhooks", { name: name.trim(), url: url.trim(), blogs: names });
        if (answer.ok) made = answer.body;
        return answer.ok ? null : errorText(answer);
      },
    );
    if (!made) return;
    await Promise.all([this.show(), opened(secretDialog(made))]);
  }

  /** @param {any} hook */
  async #row(hook) {
    const path = `/api/webhooks/${encodeURIComponent(hook.name)}`;
    const answer = hook.dead ? await this.#api.get(`${path}/dead`) : null;
    return hookRow(hook, answer?.body?.dead ?? [], {
      remove: () => void this.#remove(hook, path),
      again: (event) => void this.#again(`${path}/dead/${event.id}`),
      forget: (event) => void this.#forget(`${path}/dead/${event.id}`),
    });
  }

  /**
   * @param {any} hook
   * @param {string} path
   */
  async #remove(hook, path) {
    const text = `${hook.url} will get nothing any more. What waits for it is not sent.`;
    const question = { title: `Remove ${hook.name}?`, text, action: "Remove", danger: true };
    const isRemoved = await ask(question, async () => {
      const answer = await this.#api.send("DELETE", path);
      return answer.ok ? null : errorText(answer);
    });
    if (isRemoved) await this.show();
  }

  /** @param {string} path */
  async #again(path) {
    const answer = await this.#api.send("POST", path);
    if (!this.#say(answer)) return;
    const { delivered, reason } = answer.body;
    await this.show();
    if (!delivered) this.#complain(`It was not taken again: ${reason}`);
  }

  /** @param {string} path */
  async #forget(path) {
    if (this.#say(await this.#api.send("DELETE", path))) await this.show();
  }

  /** Show what went wrong. Return whether nothing did. @param {Answer} answer */
  #say(answer) {
    this.#complain(answer.ok ? "" : errorText(answer));
    return answer.ok;
  }

  /** @param {string} text */
  #complain(text) {
    this.#error.textContent = text;
    this.#error.hidden = !text;
  }
}

/** @param {{name: string, secret: string}} hook */
function secretDialog({ name, secret }) {
  const field = make("input", { id: "webhook-secret", value: secret, readonly: true });
  const dialog = make(
    "dialog",
    { class: "dialog", "aria-labelledby": "secret-title" },
    make(
      "form",
      { class: "stack", method: "dialog" },
      make("h2", { id: "secret-title" }, `Secret of ${name}`),
      make("p", {}, "The receiver checks signatures with it. Keep it now: it is not shown again."),
      make("p", { class: "field" }, make("label", { for: "webhook-secret" }, "Secret"), field),
      make("p", { class: "buttons" }, make("button", { class: "button primary" }, "Done")),
    ),
  );
  field.addEventListener("focus", () => field.select());
  return dialog;
}
