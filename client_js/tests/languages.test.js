import assert from "node:assert/strict";
import { test } from "node:test";
import { directionOf } from "../src/view/languages.js";

test("languages have their direction, scripts overrule it", () => {
  for (const language of ["ar", "ar-EG", "HE", "fa", "ur", "az-Arab"]) assert.equal(directionOf(language), "rtl");
  for (const language of ["en", "mk", undefined, "ur-Latn", "ar-Latn-EG"]) assert.equal(directionOf(language), "ltr");
});
