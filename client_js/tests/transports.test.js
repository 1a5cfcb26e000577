import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, test } from "node:test";
import { changes } from "../src/transports/changes.js";
import { decode } from "../src/transports/msgpack-decode.js";
import { webSocketMsgpack } from "../src/transports/msgpack.js";
import { nothingNew, update } from "./driver.js";
import { FakeWorld, settled } from "./fake-world.js";

/** @param {string} name */
const vectors = (name) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}`, import.meta.url), "utf8"));

/** @param {string} hex @returns {ArrayBuffer} */
const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex")).buffer;

/** @type {FakeWorld} */
let world;
/** @type {any[]} */
let heard;
/** @type {number[]} */
let codes;
/** @type {import("../src/transports/transport.js").Listener} */
let on;

beforeEach(() => {
  world = new FakeWorld();
  heard = [];
  codes = [];
  on = { message: (message) => heard.push(message), closed: (code) => codes.push(code) };
});

const source = () => ({ blog: new URL("https://host/blogs/demo"), cursor: "2-b", world: world.world });

describe("msgpack", () => {
  for (const { name, message, msgpack } of vectors("messages.json")) {
    test(`${name}: what servers send is read as the message`, () => assert.deepEqual(decode(bytes(msgpack)), message));
  }

  for (const { name, value, msgpack } of vectors("msgpack.json")) {
    test(`${name} is read`, () => assert.deepEqual(decode(bytes(msgpack)), value));
  }

  test("what is cut off or of another type is not read", () => {
    for (const hex of ["", "91", "d9", "da00", "a3", "81a161", "c1", "c4", "ce0000"]) {
      assert.throws(() => decode(bytes(hex)), RangeError, hex);
    }
  });

  test("a length that lies does not cost memory", () => {
    assert.throws(() => decode(bytes("ddffffffff")), RangeError);
    assert.throws(() => decode(bytes("dbffffffff")), RangeError);
  });

  test("a socket reads it, and tells of what it cannot read", () => {
    webSocketMsgpack(source(), on);
    assert.deepEqual(world.connection.protocols, ["stoppress.v1+msgpack"]);
    world.connection.onmessage?.({ data: bytes("c3") });
    world.connection.onmessage?.({ data: bytes("c1") });
    assert.deepEqual(heard, [true, null]);
  });
});

describe("plain requests", () => {
  test("the first is answered at once, the next are held until there is news", async () => {
    changes(source(), on);
    assert.equal(world.request.address.search, "?since=2-b");
    world.request.answer(200, { ...update("2-b", "3-c"), more: true });
    await settled();
    assert.equal(world.request.address.search, "?since=3-c", "a part is followed by the next at once");
    world.request.answer(200, update("3-c", "4-d"));
    await settled();
    assert.equal(world.request.address.search, "?since=4-d&wait=25");
    assert.deepEqual(heard.map(({ cursor }) => cursor), ["3-c", "4-d"]);
  });

  test("a cache that does not hold requests is not asked without end", async () => {
    changes(source(), on);
    for (const count of [1, 2]) {
      world.request.answer(200, nothingNew("2-b"));
      await settled();
      assert.equal(world.requests.length, 2, `${count}`);
    }
    world.pass(2_000);
    await settled();
    assert.equal(world.requests.length, 3);
  });

  for (const { status, code } of vectors("closing.json").statuses) {
    test(`${status} is ${code}, if the server says so`, async () => {
      changes(source(), on);
      world.request.answer(status, {}, "application/problem+json");
      changes(source(), on);
      world.request.answer(status, {}, "text/html");
      await settled();
      assert.deepEqual(codes, [code, 1006]);
    });
  }

  test("a server that is busy says when to come back", async () => {
    changes(source(), on);
    world.request.answer(503, {}, "application/problem+json");
    await settled();
    assert.deepEqual(heard, [{ type: "retry", min: 2_000, max: 4_000 }]);
  });

  test("an answer that is no update is a lost line", async () => {
    changes(source(), on);
    world.request.answer(200, { hello: "portal" });
    await settled();
    assert.deepEqual([heard, codes], [[], [1006]]);
  });

  test("closed, they tell nothing", async () => {
    const close = changes(source(), on);
    close();
    assert.equal(world.request.aborted, true);
    await settled();
    assert.deepEqual([heard, codes], [[], []]);
  });
});
