import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { LiveBlog, State } from "../src/index.js";
import { beat, nothingNew, update } from "./driver.js";
import { FakeLocks, FakeWorld, settled } from "./fake-world.js";

/** @type {Tab[]} */
let tabs = [];
/** @type {FakeLocks} */
let locks;

/** One tab of a browser. */
class Tab {
  world = new FakeWorld(locks);
  live;

  /** @param {string} cursor */
  constructor(cursor) {
    this.live = new LiveBlog("https://host/blogs/demo", { state: new State({ cursor }), world: this.world.world });
    tabs.push(this);
  }

  get cursor() {
    return this.live.state.cursor;
  }

  /** @param {object} [answer] to its first request */
  async start(answer) {
    this.live.start();
    await settled();
    if (answer) await this.isAnswered(answer);
    return this;
  }

  /** Get a message from the server. @param {object} message */
  async tells(message) {
    this.world.connection.send(message);
    await settled();
  }

  /** @param {object} answer to its newest request */
  async isAnswered(answer) {
    this.world.request.answer(200, answer);
    await settled();
  }

  /** The number of its open connections. */
  get openCount() {
    return this.world.connections.filter((one) => !one.closed).length;
  }
}

beforeEach(() => {
  locks = new FakeLocks();
});

afterEach(() => {
  for (const tab of tabs) tab.live.stop();
  tabs = [];
});

async function leader() {
  const tab = await new Tab("2-b").start();
  tab.world.connection.send(nothingNew("2-b"));
  return tab;
}

/** Open a leading tab and one that follows it. */
const pair = async () => /** @type {const} */ ([await leader(), await new Tab("2-b").start(nothingNew("2-b"))]);

test("two tabs share one connection and show the same", async () => {
  const first = await leader();
  const second = await new Tab("1-a").start(update("1-a", "2-b"));
  assert.deepEqual([first.openCount, second.openCount], [1, 0]);
  assert.equal(first.world.requests.length, 0, "the leading tab sends no request");
  await first.tells(update("2-b", "3-c"));
  assert.deepEqual([first.cursor, second.cursor], ["3-c", "3-c"]);
  assert.equal(second.live.phase, "live");
});

test("a message that is passed on before the answer arrives is not lost", async () => {
  const first = await leader();
  const second = new Tab("1-a");
  await second.start();
  first.world.connection.send(update("2-b", "3-c"));
  await first.tells(update("3-c", "4-d"));
  await second.isAnswered(update("1-a", "3-c"));
  assert.equal(second.cursor, "4-d");
});

test("a tab that missed a message asks the server", async () => {
  const first = await leader();
  const second = await new Tab("1-a").start(update("1-a", "2-b"));
  await first.tells(update("2-b", "3-c"));
  second.live.state.cursor = "2-b"; // as if it had missed the update
  await first.tells(beat("3-c"));
  assert.equal(second.world.request.address.search, "?since=2-b");
  await second.isAnswered(update("2-b", "3-c"));
  assert.equal(second.cursor, "3-c");
  assert.equal(second.openCount, 0);
});

test("when the leading tab stops, another one continues from its own cursor", async () => {
  const first = await leader();
  const second = await new Tab("1-a").start(update("1-a", "2-b"));
  const third = await new Tab("2-b").start(nothingNew("2-b"));
  first.live.stop();
  await settled();
  assert.deepEqual([first.openCount, second.openCount, third.openCount], [0, 1, 0]);
  assert.equal(second.live.phase, "live");
  assert.equal(second.world.connection.address, "wss://host/blogs/demo/live?since=2-b");
  await second.tells(update("2-b", "3-c"));
  assert.equal(third.cursor, "3-c");
  assert.equal(third.live.phase, "live");
});

test("a frozen leading tab counts as lost after the same time as a dead connection", async () => {
  const [first, second] = await pair();
  second.world.pass(45_000);
  assert.equal(second.openCount, 1);
  second.world.connection.send(update("2-b", "3-c"));
  assert.equal(second.cursor, "3-c");
  await first.tells(update("2-b", "3-c"));
  assert.equal(second.openCount, 0, "after the leading tab wakes up there is one connection again");
  await second.isAnswered(nothingNew("3-c"));
  assert.equal(second.live.phase, "live");
});

test("all tabs report that the leading tab has lost its connection", async () => {
  const [first, second] = await pair();
  first.world.connection.drop();
  await settled();
  assert.equal(second.live.phase, "reconnecting");
  first.world.pass(500);
  await first.tells(nothingNew("2-b"));
  assert.equal(second.live.phase, "live");
});

test("a reset of the leading tab does not reset tabs that are up to date", async () => {
  const [first, second] = await pair();
  const asked = second.world.requests.length;
  let changes = 0;
  second.live.addEventListener("change", () => (changes += 1));
  await first.tells(update(null, "2-b"));
  assert.deepEqual([second.world.requests.length, changes], [asked, 0]);
  await first.tells(update(null, "1-other"));
  await second.isAnswered(update(null, "1-other"));
  assert.equal(second.cursor, "1-other");
});

test("a following tab notices that the blog is gone", async () => {
  await leader();
  const second = await new Tab("2-b").start();
  second.world.request.answer(404, {}, "application/problem+json");
  await settled();
  assert.equal(second.live.phase, "refused");
});

test("where the browser forbids locks, each tab has its own connection", async () => {
  locks.request = async () => {
    throw new DOMException("not here", "SecurityError");
  };
  const tab = await new Tab("2-b").start();
  assert.equal(tab.openCount, 1);
});
