// Says in one line what `npm run build` and `npm pack` need.
import { existsSync } from "node:fs";

const missing = ["esbuild", "terser", "typescript"].filter(
  (name) => !existsSync(new URL(`../node_modules/${name}/package.json`, import.meta.url)),
);
if (missing.length) {
  console.error(`The bundles cannot be built without ${missing.join(", ")}. Run \`npm ci\` in client_js, then try again.`);
  process.exitCode = 1;
}
