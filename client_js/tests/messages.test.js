import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** @param {string} file */
const vectors = (file) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${file}`, import.meta.url), "utf8"));

for (const { name, message, json } of [...vectors("messages.json"), ...vectors("html.json")]) {
  test(`${name}: the JSON that servers send is read as the message`, () => {
    assert.deepEqual(JSON.parse(json), message);
  });
}
