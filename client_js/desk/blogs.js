/** @import { Api } from "./api.js" */
import { errorText } from "./api.js";
import { find, make } from "./ui/dom.js";
import { listen } from "./ui/keys.js";

/**
 * The list of blogs, where new ones are made.
 *
 * @param {HTMLElement} main
 * @param {Api} api
 */
export async function startBlogs(main, api) {
  const search = find(main, "[type=search]");
  const add = main.querySelector("[data-do=new-blog]");
  const open = () => add && startNewBlog(/** @type {HTMLDialogElement} */ (find(main, "#new-blog")), api);
  add?.addEventListener("click", open);
  listen([
    { keys: ["/"], does: "search", act: () => search.focus() },
    ...(add ? [{ keys: ["n"], does: "make a new blog", act: open }] : []),
  ]);
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {Api} api
 */
function startNewBlog(dialog, api) {
  const form = /** @type {HTMLFormElement} */ (find(dialog, "form"));
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const error = find(form, ".error");
  const zones = find(dialog, "#timezones");
  if (!zones.childElementCount) {
    zones.append(...Intl.supportedValuesOf("timeZone").map((value) => make("option", { value })));
    field("headline").addEventListener("input", () => {
      if (!field("blog").dataset.own) field("blog").value = nameFor(field("headline").value);
    });
    field("blog").addEventListener("input", () => (field("blog").dataset.own = "yes"));
    find(dialog, "[data-do=close-dialog]").addEventListener("click", () => dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      error.hidden = true;
      const { blog, headline, language, timezone } = Object.fromEntries(new FormData(form));
      const fields = { headline, ...(language && { language }), ...(timezone && { timezone }) };
      await api.session();
      const path = `/api/blogs/${encodeURIComponent(String(blog))}`;
      const answer = await api.send("PUT", path, fields, { "If-None-Match": "*" });
      if (answer.ok) return location.assign(`/desk/blogs/${blog}`);
      error.textContent = answer.status === 412 ? `There is a blog named ${blog} already. Choose another name.` : errorText(answer);
      error.hidden = false;
    });
  }
  field("language").value ||= navigator.language.split("-")[0];
  field("timezone").value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
  dialog.showModal();
}

/**
 * Return a name for the address of a blog, made from its headline.
 *
 * @param {string} headline
 */
function nameFor(headline) {
  const plain = headline.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").split("-").slice(0, 6).join("-").slice(0, 100);
}
