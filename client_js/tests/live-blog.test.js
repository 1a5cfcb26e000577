import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { LiveBlog as BareLiveBlog } from "../src/core.js";
import { LiveBlog, State } from "../src/index.js";
import { update } from "./driver.js";
import { FakeWorld, settled } from "./fake-world.js";

const BLOG = "https://host/blogs/demo";
const OLDER = "/blogs/demo/entries?before=x";

/** @type {FakeWorld} */
let world;
/** @type {InstanceType<typeof BareLiveBlog>} */
let live;
/** @type {string[]} */
let told;

/** @param {EventTarget} blog */
function listen(blog) {
  blog.addEventListener("change", (event) => told.push(/** @type {any} */ (event).detail.changed.join()));
  blog.addEventListener("phase", (event) => told.push(/** @type {any} */ (event).detail.phase));
}

beforeEach(() => {
  world = new FakeWorld();
  told = [];
  live = new BareLiveBlog(BLOG, { state: new State({ cursor: "2-b", older: OLDER }), world: world.world });
  listen(live);
  live.start();
});

afterEach(async () => {
  live.stop();
  await settled();
  assert.equal(world.timers, 0, "nothing goes on after a stop");
});

test("it follows the blog by WebSocket, with the cursor it has", () => {
  assert.equal(world.connection.address, "wss://host/blogs/demo/live?since=2-b");
  assert.deepEqual(world.connection.protocols, ["stoppress.v1+json"]);
  world.connection.send(update("2-b", "3-c"));
  assert.equal(live.state.cursor, "3-c");
  assert.deepEqual(told, ["connecting", "e3", "live"]);
  assert.equal(live.phase, "live");
  assert.equal(live.lastHeard, world.time);
});

test("a newcomer has no cursor", () => {
  const fresh = new BareLiveBlog("http://host/blogs/demo/", { world: world.world });
  fresh.start();
  assert.equal(world.connection.address, "ws://host/blogs/demo/live");
  fresh.stop();
});

test("what is no JSON is a broken line", () => {
  world.connection.onmessage?.({ data: "{" });
  assert.equal(world.connections[0].closed, true);
  world.pass(500);
  assert.equal(world.connections.length, 2);
});

test("a browser that allows no socket here is asked again, later and later", () => {
  const refused = new FakeWorld();
  let asked = 0;
  const WebSocket = class {
    constructor() {
      asked += 1;
      throw new DOMException("not here", "SecurityError");
    }
  };
  const blog = new BareLiveBlog(BLOG, { world: /** @type {any} */ ({ ...refused, WebSocket }) });
  blog.start();
  refused.pass(1_400);
  assert.equal(asked, 3);
  blog.stop();
});

test("it may be stopped by what it tells", () => {
  live.addEventListener("change", () => live.stop());
  world.connection.send(update("2-b", "3-c"));
  assert.equal(live.phase, "stopped");
  assert.equal(world.connections[0].closed, true);
  assert.equal(world.timers, 0);
  world.connection.send(update("3-c", "4-d"));
  assert.equal(live.state.cursor, "3-c");
});

test("an older page is loaded once, however often it is asked for", async () => {
  const loading = live.loadOlder();
  assert.equal(live.loadOlder(), loading);
  assert.equal(world.request.address.href, `https://host${OLDER}`);
  const entry = { id: "a", seq: 1, version: 1, status: "published", published_at: "2020-10-09T05:00:00.000Z" };
  world.request.answer(200, { blog: "demo", cursor: "2-b", entries: [entry] });
  assert.equal(await loading, true);
  assert.equal(live.state.older, null);
  assert.equal(await live.loadOlder(), false, "there is no further one");
  assert.equal(world.requests.length, 1);
});

for (const [name, happens] of /** @type {[string, () => void][]} */ ([
  ["an error", () => world.request.answer(500)],
  ["what is no page", () => world.request.answer(200, { entries: 3 })],
  ["no answer for 15 seconds", () => world.pass(15_000)],
  ["a stop", () => live.stop()],
])) {
  test(`after ${name} an older page can be asked for again`, async () => {
    const loading = live.loadOlder();
    happens();
    assert.equal(await loading, false);
    assert.equal(live.state.older, OLDER);
    live.loadOlder();
    assert.equal(world.requests.length, 2);
  });
}

test("without sockets it goes on with events, and without those with plain requests", async () => {
  const blog = new LiveBlog(BLOG, { state: new State({ cursor: "2-b" }), share: false, world: world.world });
  blog.start();
  world.connection.drop();
  assert.equal(world.request.address.href, "https://host/blogs/demo/changes?since=2-b");
  world.request.answer(200, update("2-b", "3-c"));
  await settled();
  const events = world.connection;
  assert.equal(events.address, "https://host/blogs/demo/events?since=3-c");
  events.emit(update("3-c", "4-d"));
  assert.equal(blog.phase, "live");
  events.onerror?.();
  assert.equal(events.closed, true, "it does not come back by itself");
  for (const failure of [1, 2]) {
    assert.ok(failure);
    world.pass(500);
    world.connection.onerror?.();
  }
  world.request.answer(200, update("4-d", "5-e"));
  await settled();
  world.request.answer(200, update("5-e", "6-f"));
  await settled();
  assert.equal(world.request.address.href, "https://host/blogs/demo/changes?since=6-f&wait=25");
  assert.equal(blog.phase, "live");
  blog.stop();
  assert.equal(world.request.aborted, true);
});
