/**
 * The one place where a string becomes HTML: what a server has sent, and what was escaped.
 *
 * @param {string} html
 */
export function parsed(html) {
  const holder = document.createElement("template");
  // @ts-ignore: a policy's TrustedHTML is what `innerHTML` takes where Trusted Types are enforced
  holder.innerHTML = policy ? policy.createHTML(html) : html;
  return holder.content;
}

// @ts-ignore: not in every browser
const policy = globalThis.trustedTypes?.createPolicy("stoppress", {
  createHTML: (/** @type {string} */ html) => html,
});
