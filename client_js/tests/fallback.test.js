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

/** Let minutes pass on a line that goes on beating. @param {number} minutes */
function beating(minutes, on = driver.connection) {
  for (let passed = 0; passed < minutes * 60; passed += 10) {
    driver.pass(10_000);
    driver.send(beat(driver.state.cursor ?? ""), on);
  }
}

test("a page whose socket is refused while HTTP works goes on with events at once", () => {
  driver.drop();
  assert.deepEqual(driver.ranks, [SOCKET, CHANGES], "HTTP is asked");
  driver.send(update("2-b", "3-c"));
  assert.deepEqual(driver.ranks, [SOCKET, CHANGES, EVENTS]);
  assert.equal(driver.connections[1].open, false);
  assert.deepEqual(driver.shown, [["e3"]], "what HTTP said is shown");
  assert.equal(driver.phase, "connecting");
  assert.equal(driver.connection.cursor, "3-c");
  driver.send(nothingNew("3-c"));
  assert.equal(driver.phase, "live");
});

test("sockets and events on which nothing comes are left for plain requests", () => {
  driver.pass(10_000);
  driver.send(nothingNew("2-b"));
  driver.pass(10_000);
  driver.send(nothingNew("2-b"));
  assert.deepEqual(driver.ranks, [SOCKET, CHANGES, EVENTS, CHANGES, CHANGES]);
});

test("a server that is down is tried with sockets again", () => {
  driver.drop();
  driver.drop();
  driver.attempt();
  assert.equal(driver.connection.rank, SOCKET);
});

test("one failure of a line that worked is no reason to doubt sockets", () => {
  driver.send(nothingNew("2-b"));
  driver.drop();
  driver.attempt();
  driver.drop();
  assert.deepEqual(driver.ranks, [SOCKET, SOCKET]);
  driver.attempt();
  driver.drop();
  assert.deepEqual(driver.ranks, [SOCKET, SOCKET, SOCKET, CHANGES]);
});

test("a server that says when to come back is not asked in another way", () => {
  driver.send({ type: "retry", min: 4_000, max: 4_000 });
  driver.drop(1013);
  assert.equal(driver.attempt(), 4_000);
  assert.equal(driver.connection.rank, SOCKET);
});

test("what HTTP says is final counts", () => {
  driver.drop();
  driver.drop(4404);
  assert.equal(driver.phase, "refused 4404");
});

test("sockets are tried again after minutes, while events go on", () => {
  driver.drop();
  driver.send(nothingNew("2-b"));
  const [, , events] = driver.connections;
  driver.send(nothingNew("2-b"));
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

test("sockets that are still blocked cost nothing, and are tried minutes later", () => {
  driver.drop();
  driver.send(nothingNew("2-b"));
  const [, , events] = driver.connections;
  driver.send(nothingNew("2-b"));
  beating(2.5, events);
  driver.drop();
  assert.equal(events.open, true);
  beating(2.5, events);
  assert.equal(driver.connections.length, 5);
  beating(0.5, events);
  assert.equal(driver.connection.open, false, "a trial that says nothing is ended");
  assert.equal(driver.phase, "live");
});

test("a trial that is refused leaves the line that works alone", () => {
  driver.drop();
  driver.send(nothingNew("2-b"));
  driver.send(nothingNew("2-b"));
  const events = driver.connection;
  beating(2.5, events);
  const trial = driver.connection;
  assert.equal(trial.rank, SOCKET);
  driver.send({ type: "retry", min: 1_000, max: 2_000 }, trial);
  driver.drop(1013, trial);
  assert.equal(events.open, true);
  assert.equal(driver.phase, "live");
  beating(5, events);
  assert.equal(driver.connection.rank, SOCKET, "it is tried again minutes later");
});

for (const [name, happens] of /** @type {[string, () => void][]} */ ([
  [
    "a line that was lost during a trial",
    () => {
      const events = driver.connection;
      beating(2.5, events);
      assert.equal(driver.connection.rank, SOCKET);
      driver.drop(1006, events);
    },
  ],
  [
    "a page that was put away",
    () => {
      driver.tell("leave");
      driver.tell("return");
    },
  ],
])) {
  test(`after ${name} sockets are still tried again`, () => {
    driver.drop();
    driver.send(nothingNew("2-b"));
    driver.send(nothingNew("2-b"));
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
  test(`a trial that was planned before a ${away} does not disturb the line after it`, () => {
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

test("on another network sockets are tried first", () => {
  driver.drop();
  driver.send(nothingNew("2-b"));
  driver.send(nothingNew("2-b"));
  driver.tell("online");
  assert.equal(driver.connection.rank, SOCKET);
});

test("plain requests that fail wait like all others", () => {
  for (let step = 0; step < 2; step += 1) {
    driver.drop();
    driver.send(nothingNew("2-b"));
  }
  driver.drop();
  assert.ok(driver.attempt() >= 500);
  assert.equal(driver.connection.rank, CHANGES);
});
