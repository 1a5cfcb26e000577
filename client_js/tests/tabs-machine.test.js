import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

const [TAB, SOCKET] = [0, 1];

/** @type {Driver} */
let line;

beforeEach(() => {
  line = new Driver({ count: 4, shared: true });
});

test("the leading tab makes a connection of its own", () => {
  assert.deepEqual(line.ranks, [TAB]);
  line.tell("lead");
  assert.deepEqual(line.ranks, [TAB, SOCKET]);
  line.send(nothingNew("2-b"));
  line.tell("relayed");
  line.drop();
  line.attempt();
  assert.deepEqual(line.ranks, [TAB, SOCKET, SOCKET]);
});

test("a following tab has none", () => {
  line.send(update("2-b", "3-c"));
  line.send(update("3-c", "4-d"));
  assert.equal(line.phase, "live");
  assert.deepEqual(line.ranks, [TAB]);
});

test("a leader that is silent for too long is not waited for", () => {
  line.send(nothingNew("2-b"));
  line.pass(45_000);
  assert.deepEqual(line.ranks, [TAB, SOCKET]);
  line.send(update("2-b", "3-c"));
  line.tell("relayed");
  assert.deepEqual(line.ranks, [TAB, SOCKET, TAB], "it speaks again");
  assert.equal(line.line.cursor, "3-c");
});

test("a follower whose leader is gone goes on with its own connection", () => {
  line.send(nothingNew("2-b"));
  line.tell("lead");
  assert.deepEqual(line.ranks, [TAB, SOCKET]);
  assert.equal(line.phase, "live");
});

test("a leader that lost its line says so, and then that it is back", () => {
  line.send(nothingNew("2-b"));
  line.send({ type: "lost" });
  assert.equal(line.phase, "reconnecting");
  line.send(beat("2-b"));
  assert.equal(line.phase, "live");
});

test("what was a reset for the leader is asked about, unless it is known", () => {
  line.send(nothingNew("2-b"));
  line.send({ type: "reset", cursor: "2-b" });
  assert.equal(line.lines.length, 1);
  line.send({ type: "reset", cursor: "1-x" });
  assert.deepEqual(line.ranks, [TAB, TAB]);
});

test("a gap is asked about once, then the tab trusts nobody but the server", () => {
  line.send(beat("3-c"));
  assert.deepEqual(line.ranks, [TAB, TAB]);
  line.send(beat("3-c"));
  assert.deepEqual(line.ranks, [TAB, TAB, SOCKET]);
});

test("a page that is put away leaves the other tabs, and follows when it is back", () => {
  line.tell("lead");
  line.send(nothingNew("2-b"));
  const { left } = line;
  line.tell("leave");
  assert.equal(line.left, left + 1);
  line.tell("return");
  assert.equal(line.line.rank, TAB);
  line.tell("relayed");
  assert.equal(line.line.rank, TAB);
});
