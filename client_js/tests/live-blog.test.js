import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { LiveBlog as BareLiveBlog } from "../src/core.js";
import { LiveBlog, State } from "../src/index.js";
import { events } from "../src/transports.js";
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
  assert.equal(world.timers, 0, "a stop clears all timers");
});

test("it follows the blog over WebSocket, from its cursor", () => {
  assert.equal(world.connection.address, "wss://host/blogs/demo/live?since=2-b");
  assert.deepEqual(world.connection.protocols, ["stoppress.v1+json"]);
  world.connection.send(update("2-b", "3-c"));
  assert.equal(live.state.cursor, "3-c");
  assert.deepEqual(told, ["connecting", "e3", "live"]);
  assert.equal(live.phase, "live");
  assert.equal(live.lastHeard, world.time);
});

test("without a state it connects without a cursor", () => {
  const fresh = new BareLiveBlog("http://host/blogs/demo/", { world: world.world });
  fresh.start();
  assert.equal(world.connection.address, "ws://host/blogs/demo/live");
  fresh.stop();
});

test("a message that is not JSON counts as a broken connection", () => {
  world.connection.onmessage?.({ data: "{" });
  assert.equal(world.connections[0].closed, true);
  world.pass(500);
  assert.equal(world.connections.length, 2);
});

test("it backs off if the browser forbids sockets", () => {
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

test("a listener may stop it", () => {
  live.addEventListener("change", () => live.stop());
  world.connection.send(update("2-b", "3-c"));
  assert.equal(live.phase, "stopped");
  assert.equal(world.connections[0].closed, true);
  assert.equal(world.timers, 0);
  world.connection.send(update("3-c", "4-d"));
  assert.equal(live.state.cursor, "3-c");
});

test("concurrent calls load an older page once", async () => {
  const loading = live.loadOlder();
  assert.equal(live.loadOlder(), loading);
  assert.equal(world.request.address.href, `https://host${OLDER}`);
  const entry = { id: "a", seq: 1, version: 1, status: "published", published_at: "2020-10-09T05:00:00.000Z" };
  world.request.answer(200, { blog: "demo", cursor: "2-b", entries: [entry] });
  assert.equal(await loading, true);
  assert.equal(live.state.older, null);
  assert.equal(await live.loadOlder(), false, "there are no more pages");
  assert.equal(world.requests.length, 1);
});

for (const [name, happens] of /** @type {[string, () => void][]} */ ([
  ["an error", () => world.request.answer(500)],
  ["an answer that is not a page", () => world.request.answer(200, { entries: 3 })],
  ["no answer for 15 seconds", () => world.pass(15_000)],
  ["a stop", () => live.stop()],
])) {
  test(`after ${name} an older page can be loaded again`, async () => {
    const loading = live.loadOlder();
    happens();
    assert.equal(await loading, false);
    assert.equal(live.state.older, OLDER);
    live.loadOlder();
    assert.equal(world.requests.length, 2);
  });
}

test("it falls back from sockets to events", async () => {
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
  assert.equal(events.closed, true, "the browser must not reconnect on its own");
  blog.stop();
});

/** @param {any[]} given what the page gives when it is asked for a token; an error if it fails */
function withTokens(...given) {
  const blog = new BareLiveBlog(BLOG, {
    state: new State({ cursor: "2-b", older: OLDER }),
    world: world.world,
    token: async () => {
      const next = given.shift();
      if (next instanceof Error) throw next;
      return next;
    },
  });
  blog.start();
  return blog;
}

test("it asks the page for a token and brings it: in the address to sockets, in a header to all else", async () => {
  const blog = withTokens("first", "second");
  for (const token of ["first", "second"]) {
    world.connection.drop(4401);
    world.pass(0);
    await settled();
    assert.equal(world.connection.address, `wss://host/blogs/demo/live?since=2-b&token=${token}`);
    world.connection.send({ type: "beat", cursor: "2-b" });
    assert.equal(blog.token, token);
  }
  void blog.loadOlder();
  assert.equal(world.request.authorization, "Bearer second");
  assert.equal(world.request.address.href, `https://host${OLDER}`);
  blog.stop();
});

test("it begins with a token that the page has set", () => {
  const blog = withTokens();
  blog.stop();
  blog.token = "mine";
  blog.start();
  assert.match(world.connection.address, /&token=mine$/);
  blog.stop();
});

test("it asks again if the page could not get a token, and stops if there is none", async () => {
  const blog = withTokens(new Error("offline"), null);
  world.connection.drop(4401);
  world.pass(0);
  await settled();
  assert.equal(blog.phase, "connecting");
  world.pass(500);
  await settled();
  assert.equal(world.connection.address, "wss://host/blogs/demo/live?since=2-b");
  world.connection.drop(4401);
  assert.equal(blog.phase, "refused");
  blog.stop();
});

test("over events it hears why the stream ends", async () => {
  const blog = new BareLiveBlog(BLOG, {
    state: new State({ cursor: "2-b" }),
    transports: [events],
    world: world.world,
    token: () => "next",
  });
  blog.start();
  const stream = world.connection;
  stream.emit(/** @type {any} */ ({ type: "close", code: 4401, reason: "The token has ended." }));
  assert.equal(stream.closed, true);
  world.pass(0);
  await settled();
  assert.equal(world.connection.address, "https://host/blogs/demo/events?since=2-b&token=next");
  world.connection.emit(/** @type {any} */ ({ type: "close", code: 4403, reason: "" }));
  assert.equal(blog.phase, "refused");
  blog.stop();
});
