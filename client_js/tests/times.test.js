import assert from "node:assert/strict";
import { test } from "node:test";
import { localText } from "../src/view/times.js";

const NOW = new Date(2020, 9, 9, 20, 0);

test("a time of today goes without the day, one of this year without the year", () => {
  assert.equal(localText(new Date(2020, 9, 9, 6, 12), "en-GB", NOW), "06:12");
  assert.equal(localText(new Date(2020, 9, 8, 23, 59), "en-GB", NOW), "8 Oct, 23:59");
  assert.equal(localText(new Date(2019, 9, 9, 6, 12), "en-GB", NOW), "9 Oct 2019, 06:12");
});
