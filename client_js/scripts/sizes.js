// What readers download: bundles that are made in memory, and what they may weigh with gzip.
import { gzipSync } from "node:zlib";
import { bundled, ENTRIES } from "./bundle.js";

const KB = 1024;

/**
 * Sizes in bytes; `limit` is for `gzip`.
 *
 * @returns {Promise<{name: string, bytes: number, gzip: number, limit: number}[]>}
 */
export async function sizes() {
  const wanted = [
    { name: "core with WebSocket", contents: 'export { LiveBlog } from "./core.js"', limit: 4 * KB },
    { name: "core with all transports and tabs", contents: 'export { LiveBlog } from "./index.js"', limit: 6 * KB },
    { name: "msgpack decoder", contents: 'export { decode } from "./transports/msgpack-decode.js"', limit: KB },
    ...ENTRIES.filter((name) => name !== "index").map((name) => ({
      name: `${name} with everything`,
      contents: `export * from "./${name}.js"`,
      limit: 14.5 * KB, // wanted: 10; what fills it is in docs/explanation/performance.md
    })),
  ];
  return Promise.all(
    wanted.map(async ({ name, contents, limit }) => {
      const code = await bundled({ contents });
      return { name, bytes: code.length, gzip: gzipSync(code, { level: 9 }).length, limit };
    }),
  );
}
