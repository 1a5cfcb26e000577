/** The links that become embeds; see server/stoppress/newsroom/embeds.py. */
import { SITES } from "../../vendor/embeds.js";

const PATTERNS = SITES.map(({ name, addresses }) => ({
  name,
  addresses: addresses.map((address) => new RegExp(`^${address}(?![\\w-])`)),
}));

/** What a post of a site is called. @type {Record<string, string>} */
const WORDS = { YouTube: "Video", Vimeo: "Video", X: "Post", Instagram: "Post", TikTok: "Video", Facebook: "Video" };

/**
 * Return an embed for the address of a known site, with a title; null for other addresses.
 *
 * @param {string} text
 * @returns {{type: "embed", url: string, caption: string} | null}
 */
export function embedOf(text) {
  const found = /^https?:\/\/([^/\s]+)(\/\S*)$/i.exec(text.trim());
  if (!found) return null;
  const address = found[1].toLowerCase() + found[2];
  const site = PATTERNS.find(({ addresses }) => addresses.some((one) => one.test(address)));
  if (!site) return null;
  const author = /^\/(@[\w.-]+|\w{1,15}(?=\/status))/.exec(found[2]);
  const by = author ? ` by @${author[1].replace(/^@/, "")}` : "";
  return { type: "embed", url: text.trim(), caption: `${WORDS[site.name] ?? "Post"}${by} on ${site.name}` };
}
