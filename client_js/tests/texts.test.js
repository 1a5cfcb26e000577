import assert from "node:assert/strict";
import { test } from "node:test";
import { addTexts, textsOf } from "../src/texts.js";

test("who loads the element may add texts right after, when it has asked for them already", async () => {
  const asked = textsOf("fr-CA");
  addTexts("fr", { live: "En direct" });
  assert.equal((await asked).live, "En direct");
  assert.equal((await asked).ended, "Ended");
});

test("a language that nobody has added is English", async () => {
  assert.equal((await textsOf("tlh")).live, "Live");
  assert.equal((await textsOf(undefined)).live, "Live");
});
