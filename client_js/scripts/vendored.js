// Makes the modules of desk/vendor/ from the packages in node_modules/.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const FOLDER = join(ROOT, "desk/vendor");
const EMBEDS = join(ROOT, "../server/stoppress/newsroom/embeds.json");

/**
 * The modules: what each takes from packages, and the packages whose code is in it.
 *
 * @type {Record<string, {lines: string[], packages: string[], inject?: string[]}>}
 */
const MODULES = {
  diff: { lines: ['export { diffWordsWithSpace } from "diff";'], packages: ["diff"] },
  "file-attachment": {
    lines: ['import "@github/file-attachment-element";', "export {};"],
    packages: ["@github/file-attachment-element"],
  },
  hotkey: { lines: ['export { eventToHotkeyString } from "@github/hotkey";'], packages: ["@github/hotkey"] },
  idb: { lines: ['export { deleteDB, openDB } from "idb";'], packages: ["idb"] },
  "markdown-toolbar": {
    lines: ['import "@github/markdown-toolbar-element";', "export {};"],
    packages: ["@github/markdown-toolbar-element"],
  },
  "paste-markdown": {
    lines: [
      'export { subscribe } from "@github/paste-markdown";',
      'export { DOMParser as Parser } from "../../scripts/trusted-parser.js";',
    ],
    packages: ["@github/paste-markdown"],
    inject: [join(ROOT, "scripts/trusted-parser.js")],
  },
  "relative-time": {
    lines: ['export * from "@github/relative-time-element";'],
    packages: ["@github/relative-time-element"],
  },
  "text-expander": {
    lines: ['import "@github/text-expander-element";', 'export { default as Combobox } from "@github/combobox-nav";'],
    packages: ["@github/text-expander-element", "@github/combobox-nav", "dom-input-range"],
  },
};

/**
 * Return the files of desk/vendor/ by name: the modules, and their types for the editor and `tsc`.
 *
 * @returns {Promise<Map<string, string>>}
 */
export async function vendored() {
  const files = new Map();
  for (const [name, { lines, packages, inject }] of Object.entries(MODULES)) {
    const contents = lines.join("\n");
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: FOLDER },
      inject,
      bundle: true,
      format: "esm",
      target: "es2022",
      legalComments: "none",
      charset: "utf8",
      logLevel: "silent",
      write: /** @type {const} */ (false),
    });
    // The comments of esbuild name folders of this machine
    const code = outputFiles[0].text.replace(/^\/\/ .*(node_modules|scripts)\/.*\n/gm, "");
    files.set(`${name}.js`, `${packages.map(head).join("\n")}\n${code}`);
    files.set(`${name}.d.ts`, `${contents}\n`);
  }
  return files.set("embeds.js", embeds()).set("embeds.d.ts", EMBED_TYPES);
}

const EMBED_TYPES = "export const SITES: { name: string; addresses: string[] }[];\n";

/** Return the module with the addresses of known sites, which the server has as regular expressions of Python. */
function embeds() {
  /** @type {{name: string, addresses: string[]}[]} */
  const sites = JSON.parse(readFileSync(EMBEDS, "utf8"));
  const known = sites.map(({ name, addresses }) => ({
    name,
    addresses: addresses.map((address) => address.replaceAll("(?P<", "(?<")),
  }));
  const head = "/* From server/stoppress/newsroom/embeds.json, made by `npm run vendor`. Do not edit. */";
  return `${head}\nexport const SITES = ${JSON.stringify(known, null, 2)};\n`;
}

/**
 * Return a comment with the name, version and licence of a package.
 *
 * @param {string} name
 */
function head(name) {
  const folder = `${ROOT}node_modules/${name}/`;
  const { version } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const licence = file ? readFileSync(folder + file, "utf8").trim() : "";
  return `/*\n${name} ${version}, made by \`npm run vendor\`. Do not edit.\n\n${licence.replaceAll("*/", "* /")}\n*/`;
}
