// Makes the modules of desk/vendor/ from the packages in node_modules/.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The packages by the name of their module, and what the desk uses of each. */
const PACKAGES = {
  diff: ["diff", "{ diffWordsWithSpace }"],
  hotkey: ["@github/hotkey", "{ eventToHotkeyString }"],
  "relative-time": ["@github/relative-time-element", "*"],
};

/**
 * Return the files of desk/vendor/ by name: a module for each package, and its types for the editor and `tsc`.
 *
 * @returns {Promise<Map<string, string>>}
 */
export async function vendored() {
  const files = new Map();
  for (const [name, [source, used]] of Object.entries(PACKAGES)) {
    const contents = `export ${used} from "${source}";`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: ROOT },
      bundle: true,
      format: "esm",
      target: "es2022",
      legalComments: "none",
      charset: "utf8",
      logLevel: "silent",
      write: /** @type {const} */ (false),
    });
    // The comments of esbuild name folders of this machine
    const code = outputFiles[0].text.replace(/^\/\/ .*node_modules\/.*\n/gm, "");
    files.set(`${name}.js`, `${head(source)}\n${code}`);
    files.set(`${name}.d.ts`, `${contents}\n`);
  }
  return files;
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
