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

/** Answer the newest request. @param {[number, object, string?]} answer */
async function answered(...answer) {
  world.request.answer(...answer);
  await settled();
}

describe("msgpack", () => {
  for (const { name, message, msgpack } of vectors("messages.json")) {
    test(`${name}: the server's bytes decode to the message`, () => assert.deepEqual(decode(bytes(msgpack)), message));
  }

  for (const { name, value, msgpack } of vectors("msgpack.json")) {
    test(`${name} decodes`, () => assert.deepEqual(decode(bytes(msgpack)), value));
  }

  test("a value that is cut off or has another type is an error", () => {
    for (const hex of ["", "91", "d9", "da00", "a3", "81a161", "c1", "c4", "ce0000", "ddffffffff", "dbffffffff"]) {
      assert.throws(() => decode(bytes(hex)), RangeError, hex);
    }
  });

  test("a socket decodes it, and reports what it cannot decode as null", () => {
    webSocketMsgpack(source(), on);
    assert.deepEqual(world.connection.protocols, ["stoppress.v1+msgpack"]);
    world.connection.onmessage?.({ data: bytes("c3") });
    world.connection.onmessage?.({ data: bytes("c1") });
    assert.deepEqual(heard, [true, null]);
  });
});

describe("plain requests", () => {
  test("the first is answered at once, later ones are held until there is a change", async () => {
    changes(source(), on);
    assert.equal(world.request.address.search, "?since=2-b");
    await answered(200, { ...update("2-b", "3-c"), more: true });
    assert.equal(world.request.address.search, "?since=3-c", "the next part is requested at once");
    await answered(200, update("3-c", "4-d"));
    assert.equal(world.request.address.search, "?since=4-d&wait=25");
    assert.deepEqual(heard.map(({ cursor }) => cursor), ["3-c", "4-d"]);
  });

  test("the token is in a header", () => {
    changes({ ...source(), token: "t" }, on);
    assert.equal(world.request.authorization, "Bearer t");
    assert.equal(world.request.address.search, "?since=2-b");
  });

  test("it pauses if a cache answers held requests at once", async () => {
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
    test(`${status} becomes ${code}, if it is the server's own answer`, async () => {
      changes(source(), on);
      world.request.answer(status, {}, "application/problem+json");
      changes(source(), on);
      world.request.answer(status, {}, "text/html");
      await settled();
      assert.deepEqual(codes, [code, 1006]);
    });
  }

  for (const status of [503, 429]) {
    test(`Retry-After of ${status} becomes a \`retry\``, async () => {
      changes(source(), on);
      await answered(status, {}, "application/problem+json");
      assert.deepEqual([heard, codes], [[{ type: "retry", min: 2_000, max: 4_000 }], [1006]]);
    });
  }

  test("an answer that is not an update counts as a lost connection", async () => {
    changes(source(), on);
    await answered(200, { hello: "portal" });
    assert.deepEqual([heard, codes], [[], [1006]]);
  });

  test("after a close they report nothing", async () => {
    const close = changes(source(), on);
    close();
    assert.equal(world.request.aborted, true);
    await settled();
    assert.deepEqual([heard, codes], [[], []]);
  });
});
