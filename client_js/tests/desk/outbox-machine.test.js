import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MAX_AGE_MILLISECONDS } from "../../desk/writing/outbox/machine.js";
import { verdictOf } from "../../desk/writing/outbox/verdict.js";
import { done, later, OutboxDriver, who } from "./outbox-driver.js";

/** @type {import("../../desk/writing/types.js").Problem} */
const problem = { status: 422, detail: "`title` is too long." };

test("it sends one intention at a time, in order", () => {
  const driver = new OutboxDriver(["a", "b"]);
  assert.deepEqual(driver.sent, ["a"]);
  driver.answer(done);
  assert.deepEqual([driver.sent, driver.settled], [["a"], ["a done"]]); // not before the first is settled
  driver.settle();
  assert.deepEqual(driver.sent, ["a", "b"]);
  driver.answer(done);
  driver.settle();
  assert.equal(driver.shown.phase, "idle");
});

test("without an answer it tries again after growing waits, and says so", () => {
  const driver = new OutboxDriver(["a"]);
  driver.random = 1;
  for (const expected of [3_000, 6_000, 12_000, 24_000, 30_000, 30_000]) {
    driver.lose();
    assert.equal(driver.shown.phase, "waiting");
    assert.equal(driver.shown.retryAt, driver.now + expected);
    assert.equal(driver.wake(), expected);
  }
  assert.deepEqual(driver.sent, Array(7).fill("a"));
});

test("it waits as long as the server asks for, at most an hour", () => {
  const driver = new OutboxDriver(["a"]);
  driver.answer(later(40));
  assert.equal(driver.wake(), 40_000);
  driver.answer(later(1e9));
  assert.equal(driver.wake(), 3_600_000);
  assert.deepEqual(driver.settled, []);
});

test("a new intention does not shorten a wait, but the editor and a network do", () => {
  const driver = new OutboxDriver(["a"]);
  driver.answer(later(40));
  driver.fill(["a", "b"]);
  assert.deepEqual(driver.sent, ["a"]);
  driver.tell({ type: "hurry" });
  assert.deepEqual(driver.sent, ["a", "a"]);
  driver.lose();
  driver.tell({ type: "offline" });
  assert.equal(driver.shown.phase, "offline");
  driver.tell({ type: "online" });
  assert.deepEqual(driver.sent, ["a", "a", "a"]);
});

test("a browser that is wrong about having no network does not keep words for ever", () => {
  const driver = new OutboxDriver([]);
  driver.tell({ type: "offline" });
  driver.fill(["a"]);
  driver.lose();
  assert.equal(driver.wake(), 30_000);
  assert.deepEqual(driver.sent, ["a", "a"]);
});

test("what the server refuses is given back, and the next one is sent", () => {
  const driver = new OutboxDriver(["a", "b"]);
  driver.answer({ kind: "returned", problem });
  driver.settle();
  driver.answer({ kind: "conflict", problem });
  assert.deepEqual([driver.sent, driver.settled], [["a", "b"], ["a returned", "b conflict"]]);
});

test("a request at which the server fails again and again does not hold up the others", () => {
  const driver = new OutboxDriver(["a", "b"]);
  for (let count = 0; count < 4; count++) {
    driver.answer({ kind: "later", seconds: null, detail: "Internal error.", isFault: true });
    driver.wake();
  }
  assert.deepEqual(driver.settled, []);
  driver.answer({ kind: "later", seconds: null, detail: "Internal error.", isFault: true });
  assert.deepEqual(driver.settled, ["a returned"]);
});

test("a request whose key the server has forgotten is not sent again", () => {
  const driver = new OutboxDriver([]);
  driver.fill(["a"], { tried: driver.now - MAX_AGE_MILLISECONDS - 1 });
  assert.deepEqual([driver.sent, driver.settled], [[], ["a returned"]]);
});

describe("when the server doubts who we are", () => {
  test("signed out: it keeps all, looks every 15 s, and goes on after a sign-in", () => {
    const driver = new OutboxDriver(["a", "b"]);
    driver.answer(who(401));
    assert.equal(driver.checks, 1);
    driver.who("none");
    assert.equal(driver.shown.phase, "signed-out");
    assert.equal(driver.wake(), 15_000);
    assert.equal(driver.checks, 2);
    driver.who("same", "another token");
    assert.deepEqual([driver.sent, driver.settled], [["a", "a"], []]);
  });

  test("another person has signed in: nothing is sent in their name", () => {
    const driver = new OutboxDriver(["a"]);
    driver.answer(who(403));
    driver.who("other");
    driver.fill(["a", "b"]);
    driver.tell({ type: "hurry" });
    assert.deepEqual([driver.sent, driver.shown.phase], [["a"], "other-person"]);
  });

  test("a new session of the same person: the request is tried once more", () => {
    const driver = new OutboxDriver(["a"]);
    driver.answer(who(403));
    driver.who("same", "another token");
    assert.deepEqual(driver.sent, ["a", "a"]);
    driver.answer(who(403));
    driver.who("same", "another token");
    assert.deepEqual(driver.settled, ["a returned"]);
  });

  test("no answer about it either: it asks again later", () => {
    const driver = new OutboxDriver(["a"]);
    driver.answer(who(401));
    driver.who("unknown");
    assert.equal(driver.shown.phase, "waiting");
    driver.wake();
    assert.deepEqual(driver.sent, ["a", "a"]);
  });
});

test("a tab that does not lead sends nothing", () => {
  const driver = new OutboxDriver();
  const other = new OutboxDriver();
  Object.assign(other, { machine: new /** @type {any} */ (driver.machine).constructor({ ...none }, Math.random) });
  other.fill(["a"]);
  assert.deepEqual(other.sent, []);
});

const none = { send: assert.fail, settle: assert.fail, check: assert.fail, wait: () => {}, show: () => {} };

describe("an answer", () => {
  /** @param {number} status @param {any} [content] @param {Record<string, string>} [headers] */
  const verdict = (status, content, headers = {}) => verdictOf(status, new Headers(headers), content, 0);

  for (const status of [408, 425, 429, 502, 503, 504]) {
    test(`${status} is tried again after Retry-After`, () => {
      const found = verdict(status, { detail: "Later." }, { "retry-after": "7" });
      assert.deepEqual(found, { kind: "later", seconds: 7, detail: "Later." });
    });
  }

  test("Retry-After may be a date", () => {
    const found = verdict(503, {}, { "retry-after": "Thu, 01 Jan 1970 00:01:30 GMT" });
    assert.equal(found.kind === "later" && found.seconds, 90);
  });

  for (const status of [400, 404, 409, 412, 413, 415, 422]) {
    test(`${status} gives the words back`, () => {
      const found = verdict(status, { detail: "No.", field: "title" });
      assert.deepEqual(found.kind === "returned" && found.problem.detail, "No.");
    });
  }

  test("412 with the current entry is a conflict", () => {
    const found = verdict(412, { detail: "No.", entry: { id: "e1" } }, { etag: '"4"' });
    assert.deepEqual(found.kind === "conflict" && [found.problem.current, found.problem.version], [{ id: "e1" }, 4]);
  });

  test("a page of a network that wants a sign-in of its own is none", () => {
    assert.equal(verdict(200).kind, "later");
    assert.equal(verdict(0).kind, "later");
    assert.equal(verdict(302).kind, "later");
    assert.equal(verdict(200, { id: "e1" }).kind, "done");
    assert.equal(verdict(204, undefined, { "stoppress-cursor": "3-c" }).kind, "done");
  });
});
