import assert from "node:assert/strict";
import { test } from "node:test";
import { localText, utcText } from "../src/view/times.js";

const NOW = new Date(2020, 9, 9, 20, 0);

test("UTC is printed as the server does", () => {
  assert.equal(utcText("2020-10-09T06:12:34.567Z"), "2020-10-09 06:12 UTC");
});

test("a time of today goes without the day, one of this year without the year", () => {
  assert.equal(localText(new Date(2020, 9, 9, 6, 12), "en-GB", NOW), "06:12");
  assert.equal(localText(new Date(2020, 9, 8, 23, 59), "en-GB", NOW), "8 Oct, 23:59");
  assert.equal(localText(new Date(2019, 9, 9, 6, 12), "en-GB", NOW), "9 Oct 2019, 06:12");
});
