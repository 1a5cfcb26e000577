import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

/** The ranks of the transports. */
const [SOCKET, EVENTS, CHANGES] = [0, 1, 2];

/** @type {Driver} */
let line;

beforeEach(() => {
  line = new Driver({ count: 3 });
});

/** Let minutes pass on a line that goes on beating. @param {number} minutes */
function beating(minutes, on = line.line) {
  for (let passed = 0; passed < minutes * 60; passed += 10) {
    line.pass(10_000);
    line.send(beat(line.state.cursor ?? ""), on);
  }
}

test("a page whose socket is refused while HTTP works goes on with events at once", () => {
  line.drop();
  assert.deepEqual(line.ranks, [SOCKET, CHANGES], "HTTP is asked");
  line.send(update("2-b", "3-c"));
  assert.deepEqual(line.ranks, [SOCKET, CHANGES, EVENTS]);
  assert.equal(line.lines[1].open, false);
  assert.deepEqual(line.shown, [["e3"]], "what HTTP said is shown");
  assert.equal(line.phase, "connecting");
  assert.equal(line.line.cursor, "3-c");
  line.send(nothingNew("3-c"));
  assert.equal(line.phase, "live");
});

test("sockets and events on which nothing comes are left for plain requests", () => {
  line.pass(10_000);
  line.send(nothingNew("2-b"));
  line.pass(10_000);
  line.send(nothingNew("2-b"));
  assert.deepEqual(line.ranks, [SOCKET, CHANGES, EVENTS, CHANGES, CHANGES]);
});

test("a server that is down is tried with sockets again", () => {
  line.drop();
  line.drop();
  line.attempt();
  assert.equal(line.line.rank, SOCKET);
});

test("one failure of a line that worked is no reason to doubt sockets", () => {
  line.send(nothingNew("2-b"));
  line.drop();
  line.attempt();
  line.drop();
  assert.deepEqual(line.ranks, [SOCKET, SOCKET]);
  line.attempt();
  line.drop();
  assert.deepEqual(line.ranks, [SOCKET, SOCKET, SOCKET, CHANGES]);
});

test("a server that says when to come back is not asked in another way", () => {
  line.send({ type: "retry", min: 4_000, max: 4_000 });
  line.drop(1013);
  assert.equal(line.attempt(), 4_000);
  assert.equal(line.line.rank, SOCKET);
});

test("what HTTP says is final counts", () => {
  line.drop();
  line.drop(4404);
  assert.equal(line.phase, "refused 4404");
});

test("sockets are tried again after minutes, while events go on", () => {
  line.drop();
  line.send(nothingNew("2-b"));
  const [, , events] = line.lines;
  line.send(nothingNew("2-b"));
  beating(2);
  assert.equal(line.lines.length, 3);
  beating(0.5);
  assert.equal(line.line.rank, SOCKET);
  assert.equal(events.open, true);
  line.send(update("2-b", "3-c"), events);
  line.send(update("2-b", "3-c"));
  assert.equal(events.open, false);
  assert.deepEqual(line.shown.flat(), ["e3"], "no duplicate");
  line.send(update("3-c", "4-d"));
  assert.equal(line.state.cursor, "4-d");
  line.drop();
  line.attempt();
  assert.equal(line.line.rank, SOCKET);
});

test("sockets that are still blocked cost nothing, and are tried minutes later", () => {
  line.drop();
  line.send(nothingNew("2-b"));
  const [, , events] = line.lines;
  line.send(nothingNew("2-b"));
  beating(2.5, events);
  line.drop();
  assert.equal(events.open, true);
  beating(2.5, events);
  assert.equal(line.lines.length, 5);
  beating(0.5, events);
  assert.equal(line.line.open, false, "a trial that says nothing is ended");
  assert.equal(line.phase, "live");
});

test("a trial that is refused leaves the line that works alone", () => {
  line.drop();
  line.send(nothingNew("2-b"));
  line.send(nothingNew("2-b"));
  const events = line.line;
  beating(2.5, events);
  const trial = line.line;
  assert.equal(trial.rank, SOCKET);
  line.send({ type: "retry", min: 1_000, max: 2_000 }, trial);
  line.drop(1013, trial);
  assert.equal(events.open, true);
  assert.equal(line.phase, "live");
  beating(5, events);
  assert.equal(line.line.rank, SOCKET, "it is tried again minutes later");
});

for (const [name, happens] of /** @type {[string, () => void][]} */ ([
  [
    "a line that was lost during a trial",
    () => {
      const events = line.line;
      beating(2.5, events);
      assert.equal(line.line.rank, SOCKET);
      line.drop(1006, events);
    },
  ],
  [
    "a page that was put away",
    () => {
      line.tell("leave");
      line.tell("return");
    },
  ],
])) {
  test(`after ${name} sockets are still tried again`, () => {
    line.drop();
    line.send(nothingNew("2-b"));
    line.send(nothingNew("2-b"));
    happens();
    if (!line.line.open) line.attempt();
    const { length } = line.lines;
    assert.equal(line.line.rank, EVENTS);
    line.send(nothingNew("2-b"));
    beating(5, line.line);
    assert.deepEqual(line.ranks.slice(length, length + 1), [SOCKET]);
  });
}

for (const [away, back] of /** @type {const} */ ([
  ["leave", "return"],
  ["stop", "start"],
])) {
  test(`a trial that was planned before a ${away} does not disturb the line after it`, () => {
    line.sleep(600_000);
    line.tell(away);
    line.pass(6_000_000);
    line.tell(back);
    const { length } = line.lines;
    line.pass(1_000);
    line.send(nothingNew("2-b"));
    assert.equal(line.lines.length, length);
    assert.equal(line.phase, "live");
  });
}

test("on another network sockets are tried first", () => {
  line.drop();
  line.send(nothingNew("2-b"));
  line.send(nothingNew("2-b"));
  line.tell("online");
  assert.equal(line.line.rank, SOCKET);
});

test("plain requests that fail wait like all others", () => {
  for (let step = 0; step < 2; step += 1) {
    line.drop();
    line.send(nothingNew("2-b"));
  }
  line.drop();
  assert.ok(line.attempt() >= 500);
  assert.equal(line.line.rank, CHANGES);
});
