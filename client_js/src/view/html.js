/**
 * Parse HTML from the server. No other code turns a string into HTML.
 *
 * @param {string} html
 */
export function parseHtml(html) {
  const holder = document.createElement("template");
  // @ts-ignore: `innerHTML` requires TrustedHTML where Trusted Types are enforced
  holder.innerHTML = policy ? policy.createHTML(html) : html;
  return holder.content;
}

// @ts-ignore: some browsers do not have it
const policy = globalThis.trustedTypes?.createPolicy("stoppress", {
  createHTML: (/** @type {string} */ html) => html,
});
