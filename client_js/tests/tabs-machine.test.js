import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

const [TAB, SOCKET] = [0, 1];

/** @type {Driver} */
let driver;

beforeEach(() => {
  driver = new Driver({ count: 4, shared: true });
});

test("the leading tab makes a connection of its own", () => {
  assert.deepEqual(driver.ranks, [TAB]);
  driver.tell("lead");
  assert.deepEqual(driver.ranks, [TAB, SOCKET]);
  driver.send(nothingNew("2-b"));
  driver.tell("relayed");
  driver.drop();
  driver.attempt();
  assert.deepEqual(driver.ranks, [TAB, SOCKET, SOCKET]);
});

test("a following tab has none", () => {
  driver.send(update("2-b", "3-c"));
  driver.send(update("3-c", "4-d"));
  assert.equal(driver.phase, "live");
  assert.deepEqual(driver.ranks, [TAB]);
});

test("a leader that is silent for too long is not waited for", () => {
  driver.send(nothingNew("2-b"));
  driver.pass(45_000);
  assert.deepEqual(driver.ranks, [TAB, SOCKET]);
  driver.send(update("2-b", "3-c"));
  driver.tell("relayed");
  assert.deepEqual(driver.ranks, [TAB, SOCKET, TAB], "it speaks again");
  assert.equal(driver.connection.cursor, "3-c");
});

test("a follower whose leader is gone goes on with its own connection", () => {
  driver.send(nothingNew("2-b"));
  driver.tell("lead");
  assert.deepEqual(driver.ranks, [TAB, SOCKET]);
  assert.equal(driver.phase, "live");
});

test("a leader that lost its line says so, and then that it is back", () => {
  driver.send(nothingNew("2-b"));
  driver.send({ type: "lost" });
  assert.equal(driver.phase, "reconnecting");
  driver.send(beat("2-b"));
  assert.equal(driver.phase, "live");
});

test("what was a reset for the leader is asked about, unless it is known", () => {
  driver.send(nothingNew("2-b"));
  driver.send({ type: "reset", cursor: "2-b" });
  assert.equal(driver.connections.length, 1);
  driver.send({ type: "reset", cursor: "1-x" });
  assert.deepEqual(driver.ranks, [TAB, TAB]);
});

test("a gap is asked about once, then the tab trusts nobody but the server", () => {
  driver.send(beat("3-c"));
  assert.deepEqual(driver.ranks, [TAB, TAB]);
  driver.send(beat("3-c"));
  assert.deepEqual(driver.ranks, [TAB, TAB, SOCKET]);
});

test("a page that is put away leaves the other tabs, and follows when it is back", () => {
  driver.tell("lead");
  driver.send(nothingNew("2-b"));
  const { left } = driver;
  driver.tell("leave");
  assert.equal(driver.left, left + 1);
  driver.tell("return");
  assert.equal(driver.connection.rank, TAB);
  driver.tell("relayed");
  assert.equal(driver.connection.rank, TAB);
});
