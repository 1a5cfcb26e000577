import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Connection, SUBPROTOCOL } from "../src/core/connection.js";
import { State } from "../src/core/state.js";
import { FakeWorld } from "./fake-world.js";

/** @type {FakeWorld} */
let world;
/** @type {State} */
let state;
/** @type {Connection} */
let connection;
/** @type {string[]} */
let phases;
/** @type {string[][]} */
let shown;

beforeEach(() => {
  world = new FakeWorld();
  state = new State({ cursor: "2-b" });
  phases = [];
  shown = [];
  connection = new Connection(
    "ws://host/blogs/demo/live",
    state,
    {
      applied: (outcome) => shown.push(outcome.changed),
      phase: (phase, code) => phases.push(code ? `${phase} ${code}` : phase),
    },
    world,
  );
  connection.start();
});

/**
 * @param {string | null} from
 * @param {string} cursor
 */
function update(from, cursor, more = false) {
  const seq = Number.parseInt(cursor, 10);
  const entry = { id: `e${seq}`, seq, version: 1, status: "published", published_at: "2020-10-09T06:05:00.000Z" };
  return { type: "update", blog: "demo", from, cursor, entries: [entry], ...(more && { more }) };
}

const beat = (/** @type {string} */ cursor) => ({ type: "beat", cursor });

test("it connects from the state's cursor, with the JSON subprotocol", () => {
  assert.equal(world.socket.address, "ws://host/blogs/demo/live?since=2-b");
  assert.deepEqual(world.socket.protocols, [SUBPROTOCOL]);
});

test("a newcomer has no cursor", () => {
  const fresh = new FakeWorld();
  new Connection("ws://host/blogs/demo/live", new State(), { applied() {}, phase() {} }, fresh).start();
  assert.equal(fresh.socket.address, "ws://host/blogs/demo/live");
});

test("updates go to the state, and what has changed is shown", () => {
  world.socket.send(update("2-b", "3-c"));
  world.socket.send(beat("3-c"));
  assert.equal(state.cursor, "3-c");
  assert.deepEqual(shown, [["e3"]]);
  assert.deepEqual(phases, ["connecting", "live"]);
});

test("a lost line is taken up again after a random wait, from the newest cursor", () => {
  world.socket.send(update("2-b", "3-c"));
  world.randomValue = 0.5;
  world.socket.drop();
  assert.deepEqual(phases, ["connecting", "live", "reconnecting"]);
  assert.equal(world.wait, 500 + 0.5 * 2_500);
  world.pass();
  assert.match(world.socket.address, /since=3-c$/);
  world.socket.send(update("3-c", "4-d"));
  assert.equal(phases.at(-1), "live");
});

test("waits grow with failures and start small again after a success", () => {
  world.randomValue = 1;
  for (const expected of [3_000, 6_000, 12_000, 24_000, 30_000, 30_000]) {
    world.socket.drop();
    assert.equal(world.wait, expected);
    world.pass();
  }
  world.socket.send(update("2-b", "3-c"));
  world.socket.drop();
  assert.equal(world.wait, 3_000);
});

test("never connected is no reconnecting", () => {
  world.socket.drop();
  assert.deepEqual(phases, ["connecting"]);
});

test("a server that closes says when to come back, and it is obeyed once", () => {
  world.socket.send(update("2-b", "3-c"));
  world.socket.send({ type: "retry", min: 4_000, max: 12_000 });
  world.randomValue = 0.25;
  world.socket.drop(1001);
  assert.equal(world.wait, 6_000);
  world.pass();
  world.randomValue = 0;
  world.socket.drop();
  assert.equal(world.wait, 500);
});

test("a retry without sense is a broken line", () => {
  world.socket.send({ type: "retry", min: 5, max: "x" });
  assert.equal(world.sockets[0].closed, true);
  assert.equal(world.wait, 500);
});

test("a gap is asked about at once, from the state's cursor", () => {
  world.socket.send(update("2-b", "3-c"));
  world.socket.send(update("4-d", "5-e"));
  assert.equal(world.sockets.length, 2);
  assert.equal(world.sockets[0].closed, true);
  assert.match(world.socket.address, /since=3-c$/);
  assert.equal(phases.at(-1), "live");
});

test("a beat shows a silent gap", () => {
  world.socket.send(beat("3-c"));
  assert.equal(world.sockets.length, 2);
});

test("a server that insists on gaps is not asked without end", () => {
  world.socket.send(beat("3-c"));
  world.socket.send({ ...update("2-b", "2-b"), entries: [] });
  world.socket.send(beat("3-c"));
  assert.equal(world.sockets.length, 2);
  assert.equal(world.wait, 500);
  world.pass();
  world.socket.send(update("2-b", "3-c"));
  world.socket.send(beat("4-d"));
  assert.equal(world.sockets.length, 4);
});

test("a line that is lost between the parts of a catch-up starts it again", () => {
  world.socket.send(update("2-b", "3-c", true));
  world.socket.drop();
  world.pass();
  assert.match(world.socket.address, /since=2-b$/);
  world.socket.send(update("2-b", "4-d"));
  assert.deepEqual(shown, [["e4"]]);
});

test("silence for longer than two beats is a lost line, though nobody says so", () => {
  world.socket.send(update("2-b", "3-c"));
  assert.equal(world.wait, 45_000);
  world.pass();
  assert.equal(world.sockets[0].closed, true);
  assert.equal(phases.at(-1), "reconnecting");
  world.pass();
  assert.equal(world.sockets.length, 2);
});

test("a socket that was given up is not heard any more", () => {
  const old = world.socket;
  world.pass();
  world.pass();
  old.send(update("2-b", "3-c"));
  old.drop();
  assert.equal(state.cursor, "2-b");
  assert.equal(world.sockets.length, 2);
});

test("a cursor that the server cannot read is forgotten, once", () => {
  world.socket.drop(4400);
  assert.equal(world.socket.address, "ws://host/blogs/demo/live");
  world.socket.drop(4400);
  assert.equal(world.sockets.length, 2);
  assert.equal(phases.at(-1), "refused 4400");
  assert.equal(world.wait, null);
});

for (const code of [4401, 4403, 4404]) {
  test(`after ${code} it does not come back`, () => {
    world.socket.drop(code);
    connection.hurry();
    assert.equal(world.sockets.length, 1);
    assert.equal(phases.at(-1), `refused ${code}`);
    assert.equal(world.wait, null);
  });
}

test("after 1013 it does", () => {
  world.socket.drop(1013);
  assert.equal(world.wait, 500);
});

test("what is no JSON is a broken line, what is of an unknown type is none of ours", () => {
  world.socket.send({ type: "reaction", emoji: "x" });
  assert.equal(world.sockets[0].closed, false);
  world.socket.sendText("{");
  assert.equal(world.sockets[0].closed, true);
  assert.equal(world.wait, 500);
});

test("stopped, it is silent until it is started again", () => {
  connection.stop();
  assert.equal(world.sockets[0].closed, true);
  assert.equal(world.wait, null);
  connection.hurry();
  assert.equal(world.sockets.length, 1);
  connection.start();
  assert.equal(world.sockets.length, 2);
});

test("in a hurry it does not wait for the next attempt", () => {
  world.socket.drop();
  connection.hurry();
  assert.equal(world.sockets.length, 2);
  connection.hurry();
  assert.equal(world.sockets.length, 2, "there is a fresh connection already");
});

test("after a sleep that no timer saw, it looks at the clock", () => {
  world.time += 60_000;
  connection.hurry();
  assert.equal(world.sockets.length, 2);
});
