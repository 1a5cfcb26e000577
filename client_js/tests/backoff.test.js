import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../src/core/backoff.js";

test("waits are random, from half a second up to a limit that doubles", () => {
  const limits = [0, 1, 2, 3, 4, 50].map((failures) => backoff(failures, () => 1));
  assert.deepEqual(limits, [3_000, 6_000, 12_000, 24_000, 30_000, 30_000]);
  assert.equal(backoff(0, () => 0), 500);
  assert.equal(backoff(50, () => 0), 500);
});
