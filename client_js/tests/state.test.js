import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { keyEventsOf } from "../src/core/key-events.js";
import { State } from "../src/core/state.js";

const vectors = JSON.parse(readFileSync(new URL("../../tests/vectors/state.json", import.meta.url), "utf8"));

/**
 * @param {State} state
 * @param {any} step of a vector
 */
function take(state, step) {
  if (step.disconnected) return state.disconnected();
  return step.page ? state.addPage(step.address, step.page) : state.apply(step.message);
}

for (const { name, start, steps, end } of vectors) {
  test(name, () => {
    const state = new State(start);
    for (const step of steps) assert.deepEqual(take(state, step), step.outcome, JSON.stringify(step));
    const { cursor, header, older, entries, parts } = state;
    const shown = entries.map(({ id, seq, version }) => [id, seq, version]);
    assert.deepEqual({ cursor, headline: header?.headline ?? null, entries: shown, older, parts }, { parts: {}, ...end });
  });
}

/**
 * @param {string} id
 * @param {Partial<import("../src/core/messages.js").Entry>} fields
 * @returns {import("../src/core/messages.js").Entry}
 */
function entry(id, fields = {}) {
  return { id, seq: 2, version: 1, status: "published", published_at: "2020-10-09T06:05:00.000Z", ...fields };
}

/** @param {import("../src/core/messages.js").Entry[]} entries */
function update(...entries) {
  return /** @type {const} */ ({ type: "update", blog: "demo", from: "2-b", cursor: "3-c", entries });
}

test("a retraction removes the body of an entry", () => {
  const state = new State({ cursor: "2-b", entries: [entry("a", { html: "<p>body</p>", text: "body" })] });
  state.apply(update(entry("a", { seq: 3, status: "retracted" })));
  assert.doesNotMatch(JSON.stringify(state.entries), /body/);
});

test("`find` returns an entry of a page that is not loaded yet", () => {
  const state = new State({ cursor: "2-b", entries: [entry("a")], older: "/older" });
  const old = entry("o", { seq: 3, published_at: "2020-10-09T05:00:00.000Z" });
  state.apply(update(old));
  assert.equal(state.entry("o"), undefined);
  assert.equal(state.find("o"), old);
});

test("key events are in the order of the header, and the others follow, newest first", () => {
  const at = (/** @type {number} */ minute) => ({ published_at: `2020-10-09T06:0${minute}:00.000Z`, key: true });
  const entries = [entry("a", at(1)), entry("b", at(2)), entry("c", at(3)), entry("d"), entry("e", at(5))];
  const header = /** @type {const} */ ({ blog: "demo", seq: 1, headline: "One", status: "live" });
  const state = new State({ cursor: "2-b", entries, header });
  const shown = () => keyEventsOf(state).map(({ id }) => id).join("");
  assert.equal(shown(), "ecba");
  state.apply({ ...update(), header: { ...header, summary: ["b", "gone", "d", "a"] } });
  assert.equal(shown(), "baec");
  state.apply({ ...update(entry("b", { seq: 4, status: "retracted" })), from: "3-c", cursor: "4-d" });
  assert.equal(shown(), "aec");
});
