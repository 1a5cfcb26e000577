// npm run parts: what the element would lose without a part of it, in bytes with gzip. Parts share what repeats.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bundled } from "./bundle.js";

/** @type {Record<string, string[]>} */
const PARTS = {
  "one connection for all tabs": ["transports/tabs.js"],
  "server-sent events, long polling": ["transports/events.js", "transports/changes.js"],
  "entries, what is around them, embeds": [
    "view/entries.js",
    "view/surroundings.js",
    "view/setting.js",
    "view/html.js",
    "view/embeds.js",
    "view/clicks.js",
  ],
  "feed, reading position, focus, edits in place": ["view/feed.js", "view/reading.js", "view/focus.js", "view/morph.js"],
  "controls, older entries, last visit, announcements": [
    "view/tools.js",
    "view/older.js",
    "view/visits.js",
    "view/announcer.js",
    "view/count.js",
  ],
  "status, times": ["view/status.js", "view/times.js"],
  "to take over markup, also from another server": ["view/hydrate.js", "view/loading.js"],
};

/** @param {string[]} without files that are replaced by nothing */
async function weight(without) {
  const code = await bundled({ entry: "element" }, [
    {
      name: "without",
      setup(made) {
        made.onLoad({ filter: /\.js$/ }, ({ path }) =>
          without.some((file) => path.endsWith(`/src/${file}`)) ? emptied(path) : undefined,
        );
      },
    },
  ]);
  return gzipSync(code, { level: 9 }).length;
}

/**
 * @param {string} path
 * @returns {import("esbuild").OnLoadResult}
 */
function emptied(path) {
  const names = readFileSync(path, "utf8").matchAll(/^export (?:async )?(?:const|class|function) (\w+)/gm);
  return { contents: [...names].map(([, name]) => `export const ${name} = globalThis.${name};`).join("\n"), loader: "js" };
}

const whole = await weight([]);
for (const [part, files] of Object.entries(PARTS)) console.log(`${part}: ${whole - (await weight(files))}`);
console.log(`in all: ${whole}`);
