// npm run build: write dist/ with the bundles and manifest.json.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { everything } from "./bundle.js";

const dist = new URL("../dist/", import.meta.url);

const { files, manifest } = await everything();
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const [name, content] of files) writeFileSync(new URL(name, dist), content);
writeFileSync(new URL("manifest.json", dist), `${JSON.stringify(manifest, null, 2)}\n`);
for (const { file, bytes, gzip } of Object.values(manifest.entries)) {
  console.log(`dist/${file}\t${bytes} bytes, ${gzip} with gzip`);
}
