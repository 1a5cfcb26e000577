import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

/** The ranks of the transports. */
const [SOCKET, EVENTS, CHANGES] = [0, 1, 2];

/** @type {Driver} */
let driver;

beforeEach(() => {
  driver = new Driver({ count: 3 });
});

/** Fail over to events, because sockets are blocked. Return the connection. */
function eventsOnly() {
  driver.drop();
  driver.send(nothingNew("2-b"));
  driver.send(nothingNew("2-b"));
  assert.equal(driver.connection.rank, EVENTS);
  return driver.connection;
}

/** Let minutes pass on a connection that keeps beating. @param {number} minutes */
function beating(minutes, on = driver.connection) {
  for (let passed = 0; passed < minutes * 60; passed += 10) {
    driver.pass(10_000);
    driver.send(beat(driver.state.cursor ?? ""), on);
  }
}

test("a page whose socket fails while HTTP works continues with events at once", () => {
  driver.drop();
  assert.deepEqual(driver.ranks, [SOCKET, CHANGES], "HTTP is asked");
  driver.send(update("2-b", "3-c"));
  assert.deepEqual(driver.ranks, [SOCKET, CHANGES, EVENTS]);
  assert.equal(driver.connections[1].open, false);
  assert.deepEqual(driver.shown, [["e3"]], "the answer over HTTP is shown");
  assert.equal(driver.phase, "connecting");
  assert.equal(driver.connection.cursor, "3-c");
  driver.send(nothingNew("3-c"));
  assert.equal(driver.phase, "live");
});

test("sockets and events that deliver nothing are given up for plain requests", () => {
  driver.pass(10_000);
  driver.send(nothingNew("2-b"));
  driver.pass(10_000);
  driver.send(nothingNew("2-b"));
  assert.deepEqual(driver.ranks, [SOCKET, CHANGES, EVENTS, CHANGES, CHANGES]);
});

test("if the server is down, the next attempt is over a socket again", () => {
  driver.drop();
  driver.drop();
  driver.attempt();
  assert.equal(driver.connection.rank, SOCKET);
});

test("one failure of a connection that worked is not a reason to doubt sockets", () => {
  driver.send(nothingNew("2-b"));
  driver.drop();
  driver.attempt();
  driver.drop();
  assert.deepEqual(driver.ranks, [SOCKET, SOCKET]);
  driver.attempt();
  driver.drop();
  assert.deepEqual(driver.ranks, [SOCKET, SOCKET, SOCKET, CHANGES]);
});

test("after a `retry` it does not try another transport", () => {
  driver.send({ type: "retry", min: 4_000, max: 4_000 });
  driver.drop(1013);
  assert.equal(driver.attempt(), 4_000);
  assert.equal(driver.connection.rank, SOCKET);
});

test("a terminal answer over HTTP counts", () => {
  driver.drop();
  driver.drop(4404);
  assert.equal(driver.phase, "refused 4404");
});

test("it tries sockets again after minutes, while events go on", () => {
  const events = eventsOnly();
  beating(2);
  assert.equal(driver.connections.length, 3);
  beating(0.5);
  assert.equal(driver.connection.rank, SOCKET);
  assert.equal(events.open, true);
  driver.send(update("2-b", "3-c"), events);
  driver.send(update("2-b", "3-c"));
  assert.equal(events.open, false);
  assert.deepEqual(driver.shown.flat(), ["e3"], "no duplicate");
  driver.send(update("3-c", "4-d"));
  assert.equal(driver.state.cursor, "4-d");
  driver.drop();
  driver.attempt();
  assert.equal(driver.connection.rank, SOCKET);
});

for (const code of [1006, 1013]) {
  test(`a trial of sockets that ends with ${code} changes nothing, and is repeated minutes later`, () => {
    const events = eventsOnly();
    beating(2.5, events);
    const trial = driver.connection;
    assert.equal(trial.rank, SOCKET);
    if (code === 1013) driver.send({ type: "retry", min: 1_000, max: 2_000 }, trial);
    driver.drop(code, trial);
    assert.equal(events.open, true);
    assert.equal(driver.phase, "live");
    beating(5, events);
    assert.equal(driver.connection.rank, SOCKET);
    beating(0.5, events);
    assert.equal(driver.connection.open, false, "a silent trial is ended");
    assert.equal(driver.phase, "live");
  });
}

const loses = () => {
  const events = driver.connection;
  beating(2.5, events);
  assert.equal(driver.connection.rank, SOCKET);
  driver.drop(1006, events);
};
const leaves = () => /** @type {const} */ (["leave", "return"]).forEach((event) => driver.tell(event));

for (const [name, happens] of /** @type {[string, () => void][]} */ ([
  ["losing the connection during a trial", loses],
  ["leaving the page and coming back", leaves],
])) {
  test(`after ${name} it still tries sockets again`, () => {
    eventsOnly();
    happens();
    if (!driver.connection.open) driver.attempt();
    const { length } = driver.connections;
    assert.equal(driver.connection.rank, EVENTS);
    driver.send(nothingNew("2-b"));
    beating(5, driver.connection);
    assert.deepEqual(driver.ranks.slice(length, length + 1), [SOCKET]);
  });
}

for (const [away, back] of /** @type {const} */ ([
  ["leave", "return"],
  ["stop", "start"],
])) {
  test(`a trial that was planned before a ${away} does not disturb the connection after it`, () => {
    driver.sleep(600_000);
    driver.tell(away);
    driver.pass(6_000_000);
    driver.tell(back);
    const { length } = driver.connections;
    driver.pass(1_000);
    driver.send(nothingNew("2-b"));
    assert.equal(driver.connections.length, length);
    assert.equal(driver.phase, "live");
  });
}

test("on another network it tries sockets first", () => {
  eventsOnly();
  driver.tell("online");
  assert.equal(driver.connection.rank, SOCKET);
});

test("after failed plain requests it backs off as usual", () => {
  for (let step = 0; step < 2; step += 1) {
    driver.drop();
    driver.send(nothingNew("2-b"));
  }
  driver.drop();
  assert.ok(driver.attempt() >= 500);
  assert.equal(driver.connection.rank, CHANGES);
});
