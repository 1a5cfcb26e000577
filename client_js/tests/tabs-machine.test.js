import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { beat, Driver, nothingNew } from "./driver.js";

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
