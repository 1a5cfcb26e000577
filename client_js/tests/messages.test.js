import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const vectors = JSON.parse(readFileSync(new URL("../../tests/vectors/messages.json", import.meta.url), "utf8"));

for (const { name, message, json } of vectors) {
  test(`${name}: the JSON that servers send is read as the message`, () => {
    assert.deepEqual(JSON.parse(json), message);
  });
}
