// npm run size: prints what the bundles weigh; exit status 1 if one weighs too much.
import { sizes } from "./sizes.js";

for (const { name, bytes, gzip, limit } of await sizes()) {
  const verdict = gzip > limit ? "TOO MUCH" : "ok";
  console.log(`${name}: ${bytes} bytes minified, ${gzip} with gzip, at most ${limit}: ${verdict}`);
  if (gzip > limit) process.exitCode = 1;
}
