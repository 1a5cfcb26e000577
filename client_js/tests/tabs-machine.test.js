import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

const [TAB, SOCKET] = [0, 1];

/** @type {Driver} */
let driver;

beforeEach(() => {
  driver = new Driver({ count: 4, shared: true });
});

test("the leading tab opens its own connection", () => {
  assert.deepEqual(driver.ranks, [TAB]);
  driver.tell("lead");
  assert.deepEqual(driver.ranks, [TAB, SOCKET]);
  driver.send(nothingNew("2-b"));
  driver.tell("relayed");
  driver.drop();
  driver.attempt();
  assert.deepEqual(driver.ranks, [TAB, SOCKET, SOCKET]);
});

test("a following tab opens none", () => {
  driver.send(update("2-b", "3-c"));
  driver.send(update("3-c", "4-d"));
  assert.equal(driver.phase, "live");
  assert.deepEqual(driver.ranks, [TAB]);
});

test("a tab whose leader is silent for too long opens its own connection", () => {
  driver.send(nothingNew("2-b"));
  driver.pass(45_000);
  assert.deepEqual(driver.ranks, [TAB, SOCKET]);
  driver.send(update("2-b", "3-c"));
  driver.tell("relayed");
  assert.deepEqual(driver.ranks, [TAB, SOCKET, TAB], "the leader is back");
  assert.equal(driver.connection.cursor, "3-c");
});

test("a following tab shows when its leader loses its connection and gets it back", () => {
  driver.send(nothingNew("2-b"));
  driver.send({ type: "lost" });
  assert.equal(driver.phase, "reconnecting");
  driver.send(beat("2-b"));
  assert.equal(driver.phase, "live");
});

test("after a reset of its leader a tab asks again, unless it has that cursor", () => {
  driver.send(nothingNew("2-b"));
  driver.send({ type: "reset", cursor: "2-b" });
  assert.equal(driver.connections.length, 1);
  driver.send({ type: "reset", cursor: "1-x" });
  assert.deepEqual(driver.ranks, [TAB, TAB]);
});

test("after a second gap in a row a tab opens its own connection", () => {
  driver.send(beat("3-c"));
  assert.deepEqual(driver.ranks, [TAB, TAB]);
  driver.send(beat("3-c"));
  assert.deepEqual(driver.ranks, [TAB, TAB, SOCKET]);
});

test("a page that is left stops sharing, and follows the leading tab when it is back", () => {
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
