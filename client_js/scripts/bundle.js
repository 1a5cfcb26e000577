// Makes what a server hands out: each entry point in one minified file, named after its content.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** What browsers load by themselves; an entry point that is not there is left out. */
export const ENTRIES = ["element", "index", "page"].filter((name) => existsSync(join(SRC, `${name}.js`)));

/** A style sheet, or data, that a module fetches beside itself. */
const BESIDE = /new URL\(\s*"(\.[^"]+\.(css|json))",\s*import\.meta\.url,?\s*\)/g;

/**
 * @typedef {{file: string, integrity: string, bytes: number, gzip: number}} Made a file, for Subresource Integrity
 * @typedef {{sources: string, entries: Record<string, Made>, files: Record<string, Made>}} Manifest
 */

/**
 * Bundle modules, in memory.
 *
 * @param {{contents: string} | {entry: string}} what source text, or the name of an entry point
 * @param {Map<string, Uint8Array>} [files] takes what is loaded beside
 * @returns {Promise<Uint8Array>}
 */
export async function bundled(what, files = new Map()) {
  const contents = "contents" in what ? what.contents : `export * from "./${what.entry}.js"`;
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
    plugins: [filesBeside(files)],
  });
  return outputFiles[0].contents;
}

/**
 * Lets a bundle find what lies beside it under its new name.
 *
 * @param {Map<string, Uint8Array>} files
 * @returns {import("esbuild").Plugin}
 */
function filesBeside(files) {
  return {
    name: "files beside",
    setup(made) {
      made.onLoad({ filter: /\.js$/ }, async ({ path }) => {
        let contents = readFileSync(path, "utf8");
        for (const [address, beside, kind] of contents.matchAll(BESIDE)) {
          const text = readFileSync(resolve(dirname(path), beside), "utf8");
          const content = Buffer.from(kind === "css" ? await minifiedCss(text) : JSON.stringify(JSON.parse(text)));
          const name = hashed(basename(beside), content);
          files.set(name, content);
          contents = contents.replace(address, `new URL("./${name}", import.meta.url)`);
        }
        return { contents, loader: "js" };
      });
    },
  };
}

/** @param {string} css */
async function minifiedCss(css) {
  const { code } = await transform(css, { loader: "css", minify: true, target: "es2022" });
  return code.trim();
}

/**
 * All files, and the manifest that says which is which.
 *
 * @returns {Promise<{files: Map<string, Uint8Array>, manifest: Manifest}>}
 */
export async function everything() {
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  /** @type {Record<string, Made>} */
  const entries = {};
  for (const entry of ENTRIES) {
    const content = await bundled({ entry }, files);
    const name = hashed(`${entry}.js`, content);
    files.set(name, content);
    entries[entry] = made(name, content);
  }
  const beside = [...files].filter(([name]) => !name.endsWith(".js"));
  const others = Object.fromEntries(beside.map(([name, content]) => [name, made(name, content)]));
  return { files, manifest: { sources: checksum(), entries, files: others } };
}

/** What the bundle is made from: SHA-256 over names and contents, as `hatch_build.py` computes it too. */
export function checksum() {
  const sum = createHash("sha256");
  const names = readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => relative(SRC, join(one.parentPath ?? one.path, one.name)))
    .sort();
  for (const name of names) sum.update(`${name}\0`).update(readFileSync(join(SRC, name))).update("\0");
  return sum.digest("hex");
}

/**
 * @param {string} name
 * @param {Uint8Array} content
 */
function hashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return `${basename(name, extname(name))}.${hash}${extname(name)}`;
}

/**
 * @param {string} file
 * @param {Uint8Array} content
 * @returns {Made}
 */
function made(file, content) {
  const integrity = `sha384-${createHash("sha384").update(content).digest("base64")}`;
  return { file, integrity, bytes: content.length, gzip: gzipSync(content, { level: 9 }).length };
}
