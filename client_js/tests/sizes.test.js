import assert from "node:assert/strict";
import { test } from "node:test";
import { sizes } from "../scripts/sizes.js";

for (const { name, bytes, gzip, limit } of await sizes()) {
  test(`${name} has at most ${limit} bytes with gzip`, (context) => {
    context.diagnostic(`${bytes} bytes minified, ${gzip} with gzip`);
    assert.ok(gzip <= limit, `${gzip} bytes`);
  });
}
