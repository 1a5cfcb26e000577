import assert from "node:assert/strict";
import { test } from "node:test";
import { localText } from "../src/view/times.js";

const NOW = new Date(2020, 9, 9, 20, 0);

test("times of today have no day, times of this year no year", () => {
  assert.equal(localText(new Date(2020, 9, 9, 6, 12), "en-GB", undefined, NOW), "06:12");
  assert.equal(localText(new Date(2020, 9, 8, 23, 59), "en-GB", undefined, NOW), "8 Oct, 23:59");
  assert.equal(localText(new Date(2019, 9, 9, 6, 12), "en-GB", undefined, NOW), "9 Oct 2019, 06:12");
});

test("times are written as in the language, and in the time zone of the blog, which they name", () => {
  const now = new Date("2020-10-09T22:30:00Z");
  const at = new Date("2020-10-09T21:40:00Z");
  const text = (/** @type {string} */ language, /** @type {string | undefined} */ zone) =>
    localText(at, language, zone, now).replaceAll(/\s/g, " ");
  assert.equal(text("en-US", "UTC"), "9:40 PM UTC");
  assert.equal(text("de", "UTC"), "21:40 UTC");
  assert.equal(text("en-GB", "Europe/Skopje"), "9 Oct, 23:40 CEST", "yesterday in Skopje");
  assert.equal(text("en-GB", "Europe/Nowhere"), localText(at, "en-GB", undefined, now));
});
