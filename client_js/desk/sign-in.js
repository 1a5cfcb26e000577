/** @import { Api } from "./api.js" */
import { errorText } from "./api.js";

const TRIED = "stoppress-sign-in";

/**
 * Sign in with a name and a password.
 *
 * @param {HTMLElement} main
 * @param {Api} api
 */
export async function startSignIn(main, api) {
  const form = /** @type {HTMLFormElement} */ (main.querySelector("form"));
  const error = /** @type {HTMLElement} */ (form.querySelector(".error"));
  const next = () => location.replace(main.dataset.next ?? "/desk");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.hidden = true;
    const { name, password } = Object.fromEntries(new FormData(form));
    form.toggleAttribute("aria-busy", true);
    const answer = await api.send("POST", "/api/session", { name, password });
    form.removeAttribute("aria-busy");
    if (answer.ok) return next();
    error.textContent = errorText(answer);
    error.hidden = false;
    /** @type {HTMLInputElement} */ (form.elements.namedItem("password")).select();
  });
  // Browsers send no `Strict` cookie along with a link from another site, so somebody who has a session may come here
  const tried = Number(sessionStorage.getItem(TRIED));
  if (Date.now() - tried > 10_000 && (await api.session())) {
    sessionStorage.setItem(TRIED, String(Date.now()));
    next();
  }
}
