// The bundles that readers download, and their size limits.
import { gzipSync } from "node:zlib";
import { bundled } from "./bundle.js";

const KB = 1024;

/**
 * Return the sizes in bytes; `limit` is for `gzip`.
 *
 * @returns {Promise<{name: string, bytes: number, gzip: number, limit: number}[]>}
 */
export async function sizes() {
  const wanted = [
    { name: "core with WebSocket", contents: 'export { LiveBlog } from "./core.js"', limit: 4.05 * KB },
    { name: "core with all transports and tabs", contents: 'export { LiveBlog } from "./index.js"', limit: 5 * KB },
    { name: "msgpack decoder", contents: 'export { decode } from "./transports/msgpack-decode.js"', limit: KB },
    { name: "element with everything", contents: 'export * from "./element.js"', limit: 13.75 * KB },
    { name: "page with everything", contents: 'export * from "./page.js"', limit: 14.4 * KB },
  ];
  return Promise.all(
    wanted.map(async ({ name, contents, limit }) => {
      const code = await bundled({ contents });
      return { name, bytes: code.length, gzip: gzipSync(code, { level: 9 }).length, limit };
    }),
  );
}
