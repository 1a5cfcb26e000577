/** @import { Api, Session } from "../api.js" */
import { errorText } from "../api.js";
import { ask } from "./dialog.js";

/**
 * Let somebody sign in again without leaving the page, so that nothing that was written is lost.
 *
 * @param {Api} api
 * @param {Session} session the one that has ended
 * @returns {Promise<boolean>} whether there is a session
 */
export async function signInAgain(api, session) {
  const fields = [{ name: "password", label: `Password of ${session.name}`, required: true, max: 200 }];
  const text = "Your session has ended. What you have written is still here. Sign in to go on.";
  const asked = ask({ title: "Sign in again", text, fields, action: "Sign in" }, async ({ password }) => {
    const answer = await api.send("POST", "/api/session", { name: session.name, password });
    if (answer.ok) await api.session();
    return answer.ok ? null : errorText(answer);
  });
  const input = document.querySelector("dialog[open] input[name=password]");
  input?.setAttribute("type", "password");
  input?.setAttribute("autocomplete", "current-password");
  // Without a password, somebody may have signed in in another tab
  return Boolean((await asked) || (await api.session()));
}
