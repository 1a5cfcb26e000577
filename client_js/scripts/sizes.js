// What readers download: bundles that are made in memory, and what they may weigh with gzip.
import { gzipSync } from "node:zlib";
import { bundled } from "./bundle.js";

const KB = 1024;

/**
 * Sizes in bytes; `limit` is for `gzip`.
 *
 * @returns {Promise<{name: string, bytes: number, gzip: number, limit: number}[]>}
 */
export async function sizes() {
  const wanted = [
    { name: "core with WebSocket", contents: 'export { LiveBlog } from "./core.js"', limit: 3.5 * KB },
    { name: "core with all transports and tabs", contents: 'export { LiveBlog } from "./index.js"', limit: 4.5 * KB },
    { name: "msgpack decoder", contents: 'export { decode } from "./transports/msgpack-decode.js"', limit: KB },
    { name: "element with everything", contents: 'export * from "./element.js"', limit: 9.75 * KB },
    { name: "page with everything", contents: 'export * from "./page.js"', limit: 10.25 * KB },
  ];
  return Promise.all(
    wanted.map(async ({ name, contents, limit }) => {
      const code = await bundled({ contents });
      return { name, bytes: code.length, gzip: gzipSync(code, { level: 9 }).length, limit };
    }),
  );
}
