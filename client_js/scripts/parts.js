// npm run parts: what the element would lose without a part of it, in bytes with gzip. Parts share what repeats.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** @type {Record<string, string[]>} */
const PARTS = {
  "one connection for all tabs": ["transports/tabs.js"],
  "server-sent events, long polling": ["transports/events.js", "transports/changes.js"],
  "entries, header, key events, embeds": ["view/entry.js", "view/header.js", "view/key-events.js", "view/embeds.js"],
  "feed, reading position, focus, edits in place": ["view/feed.js", "view/reading.js", "view/focus.js", "view/morph.js"],
  "controls, older entries, last visit, announcements": [
    "view/tools.js",
    "view/older.js",
    "view/visits.js",
    "view/announcer.js",
  ],
  "status, times": ["view/status.js", "view/times.js"],
  English: ["texts/en.json"],
  "the markup of an embed": ["view/skeleton.js", "view/style-sheet.js", "view/languages.js"],
};

/** @param {string[]} without files that are replaced by nothing */
async function weight(without) {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "./element.js"', resolveDir: SRC },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
    write: /** @type {const} */ (false),
    plugins: [
      {
        name: "without",
        setup(made) {
          made.onLoad({ filter: /\.js(on)?$/ }, ({ path }) =>
            without.some((file) => path.endsWith(`/src/${file}`)) ? emptied(path) : undefined,
          );
        },
      },
    ],
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/**
 * @param {string} path
 * @returns {import("esbuild").OnLoadResult}
 */
function emptied(path) {
  if (path.endsWith(".json")) return { contents: "{}", loader: "json" };
  const names = readFileSync(path, "utf8").matchAll(/^export (?:async )?(?:const|class|function) (\w+)/gm);
  return { contents: [...names].map(([, name]) => `export const ${name} = globalThis.${name};`).join("\n"), loader: "js" };
}

const whole = await weight([]);
for (const [part, files] of Object.entries(PARTS)) console.log(`${part}: ${whole - (await weight(files))}`);
console.log(`in all: ${whole}`);
