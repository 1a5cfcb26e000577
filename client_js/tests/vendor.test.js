// The modules of desk/vendor/ are what `npm run vendor` makes of the locked packages.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { vendored } from "../scripts/vendored.js";

const FOLDER = new URL("../desk/vendor/", import.meta.url);

test("desk/vendor/ is up to date; if not, run `npm run vendor`", async () => {
  const made = await vendored();
  assert.deepEqual(readdirSync(FOLDER).sort(), [...made.keys()].sort());
  for (const [name, content] of made) assert.equal(readFileSync(new URL(name, FOLDER), "utf8"), content, name);
});
