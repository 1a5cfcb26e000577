// npm run size: print the sizes of the bundles. The exit status is 1 if one exceeds its limit.
import { sizes } from "./sizes.js";

for (const { name, bytes, gzip, limit } of await sizes()) {
  const verdict = gzip > limit ? "TOO LARGE" : "ok";
  console.log(`${name}: ${bytes} bytes minified, ${gzip} with gzip (limit ${limit}): ${verdict}`);
  if (gzip > limit) process.exitCode = 1;
}
