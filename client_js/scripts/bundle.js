// Makes the files that a server delivers: each entry point in one minified file, named after its content.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SRC = join(ROOT, "src");

/** The entry points that browsers load, and their modules as seen from src/. */
const ENTRIES = { element: "./element.js", index: "./index.js", page: "./page.js", desk: "../desk/desk.js" };

/** The style sheets: that of a blog, which pages link to and elements load, and that of the desk. */
const STYLES = ["src/view/live-blog.css", "desk/desk.css"];

/** The folders with the sources. */
const SOURCES = ["src", "desk"];

/**
 * @typedef {{file: string, integrity: string, bytes: number, gzip: number}} Made a file, for Subresource Integrity
 * @typedef {{sources: string, entries: Record<string, Made>, files: Record<string, Made>}} Manifest
 */

/**
 * Bundle modules in memory. Terser makes the output of esbuild a little smaller.
 *
 * @param {{contents: string} | {entry: keyof typeof ENTRIES}} what source text, or the name of an entry point
 * @param {import("esbuild").Plugin[]} plugins
 * @returns {Promise<Uint8Array>}
 */
export async function bundled(what, plugins = []) {
  const contents = "contents" in what ? what.contents : `export * from "${ENTRIES[what.entry]}"`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: SRC },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
    write: /** @type {const} */ (false),
    plugins,
  });
  const { code = "" } = await minify(outputFiles[0].text, { module: true, ecma: 2020 });
  return Buffer.from(code);
}

/**
 * Make all files, and the manifest that names them.
 *
 * @returns {Promise<{files: Map<string, Uint8Array>, manifest: Manifest}>}
 */
export async function everything() {
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  /** @type {Record<string, Made>} */
  const entries = {};
  for (const entry of /** @type {(keyof typeof ENTRIES)[]} */ (Object.keys(ENTRIES))) {
    const content = await bundled({ entry });
    const name = hashed(`${entry}.js`, content);
    files.set(name, content);
    entries[entry] = made(name, content);
  }
  /** @type {Record<string, Made>} */
  const styles = {};
  for (const path of STYLES) {
    const style = await styled(path);
    const name = hashed(basename(path), style);
    files.set(name, style);
    styles[name] = made(name, style);
  }
  return { files, manifest: { sources: checksum(), entries, files: styles } };
}

/**
 * Return a style sheet in one file, with those that it imports.
 *
 * @param {string} path
 */
async function styled(path) {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, path)],
    bundle: true,
    minify: true,
    target: "es2022",
    logLevel: "silent",
    write: /** @type {const} */ (false),
  });
  return Buffer.from(outputFiles[0].text.trim());
}

/** Return the SHA-256 over the names and contents of all sources; `hatch_build.py` computes the same. */
export function checksum() {
  const sum = createHash("sha256");
  const names = SOURCES.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => relative(ROOT, join(one.parentPath ?? one.path, one.name)))
    .sort();
  for (const name of names) sum.update(`${name}\0`).update(readFileSync(join(ROOT, name))).update("\0");
  return sum.digest("hex");
}

/**
 * Return a file name with the hash of the content.
 *
 * @param {string} name
 * @param {Uint8Array} content
 */
function hashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return `${basename(name, extname(name))}.${hash}${extname(name)}`;
}

/**
 * Return the manifest's entry for a file.
 *
 * @param {string} file
 * @param {Uint8Array} content
 * @returns {Made}
 */
function made(file, content) {
  const integrity = `sha384-${createHash("sha384").update(content).digest("base64")}`;
  return { file, integrity, bytes: content.length, gzip: gzipSync(content, { level: 9 }).length };
}
