import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { parseAndAnswer } from "../src/view/painted.js";

const page = /** @type {any} */ (globalThis);
/** @type {string[]} */
let sent;
/** @type {(() => void)[]} */
let frames;
/** @type {any} */
let socket;

beforeEach(() => {
  [sent, frames] = [[], []];
  socket = { send: (/** @type {string} */ text) => sent.push(text) };
  page.document = { hidden: false };
  page.requestAnimationFrame = (/** @type {() => void} */ work) => frames.push(work);
});

/** Take a message, as the socket does. @param {object} message */
const take = (message) => parseAndAnswer(JSON.stringify(message), socket);

/** Let the browser paint. */
const paint = async () => {
  for (const work of frames.splice(0)) work();
  await new Promise((resolve) => setTimeout(resolve, 5));
};

const update = (/** @type {string} */ cursor) => ({ type: "update", cursor, entries: [] });

test("nobody is told of what is painted who has not asked", async () => {
  assert.deepEqual(take(update("1-a")), update("1-a"));
  await paint();
  assert.deepEqual(sent, []);
});

test("an update is answered after the next frame, until it is not wanted any longer", async () => {
  take({ type: "sample", answer: true });
  take(update("1-a"));
  take({ type: "beat", cursor: "1-a" });
  assert.deepEqual(sent, []);
  await paint();
  assert.deepEqual(sent, ['{"painted":"1-a"}']);
  take({ type: "sample", answer: false });
  take(update("2-b"));
  await paint();
  assert.equal(sent.length, 1);
});

test("a hidden page does not answer", async () => {
  take({ type: "sample", answer: true });
  page.document.hidden = true;
  take(update("1-a"));
  await paint();
  assert.deepEqual(sent, []);
});

test("what is not JSON is null", () => {
  assert.equal(parseAndAnswer("{", socket), null);
});
