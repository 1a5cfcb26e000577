import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

const closing = JSON.parse(readFileSync(new URL("../../tests/vectors/closing.json", import.meta.url), "utf8"));

const MINUTE = 60_000;

/** @type {Driver} */
let line;

beforeEach(() => {
  line = new Driver();
});

test("it connects from the state's cursor", () => {
  assert.deepEqual(line.lines, [{ line: 1, rank: 0, cursor: "2-b", open: true }]);
  assert.equal(new Driver({ cursor: null }).line.cursor, null);
});

test("updates go to the state, and what has changed is shown", () => {
  line.send(update("2-b", "3-c"));
  line.send(beat("3-c"));
  assert.equal(line.state.cursor, "3-c");
  assert.deepEqual(line.shown, [["e3"]]);
  assert.deepEqual(line.phases, ["connecting", "live"]);
});

test("a lost line is taken up again after a random wait, from the newest cursor", () => {
  line.send(update("2-b", "3-c"));
  line.random = 0.5;
  line.drop();
  assert.equal(line.phase, "reconnecting");
  assert.equal(line.attempt(), 500 + 0.5 * 2_500);
  assert.equal(line.line.cursor, "3-c");
  line.send(update("3-c", "4-d"));
  assert.equal(line.phase, "live");
});

test("waits grow with failures and start small again after a success", () => {
  line.random = 1;
  for (const expected of [3_000, 6_000, 12_000, 24_000, 30_000, 30_000]) {
    line.drop();
    assert.equal(line.attempt(), expected);
  }
  line.send(update("2-b", "3-c"));
  line.drop();
  assert.equal(line.attempt(), 3_000);
});

test("never connected is no reconnecting", () => {
  line.drop();
  assert.deepEqual(line.phases, ["connecting"]);
});

test("a line that is silent from the start is given up after ten seconds", () => {
  line.pass(10_000);
  assert.equal(line.lines[0].open, false);
  assert.equal(line.attempt(), 500);
});

test("silence for longer than two beats is a lost line, though nobody says so", () => {
  line.send(update("2-b", "3-c"));
  line.pass(44_999);
  assert.equal(line.phase, "live");
  line.pass(1);
  assert.equal(line.lines[0].open, false);
  assert.equal(line.phase, "reconnecting");
  assert.equal(line.attempt(), 500);
});

test("a line that was given up is not heard any more", () => {
  const [old] = line.lines;
  line.drop();
  line.attempt();
  line.send(update("2-b", "3-c"), old);
  line.tell({ type: "closed", line: old.line, code: 4404 });
  assert.equal(line.state.cursor, "2-b");
  assert.equal(line.lines.length, 2);
  assert.equal(line.line.open, true);
});

describe("the server's word", () => {
  for (const { name, retry, random, wait } of closing.retries) {
    test(`${name}: it is obeyed, once`, () => {
      line.send(update("2-b", "3-c"));
      line.send(retry);
      line.random = random;
      line.drop(1001);
      assert.equal(line.attempt(), wait);
      line.random = 0;
      line.drop();
      assert.equal(line.attempt(), 500);
    });
  }

  for (const { code, then } of closing.codes) {
    test(`after ${code}: ${then}`, () => {
      line.drop(code);
      if (then === "stop") {
        line.tell("hurry");
        line.tell("online");
        line.pass(10 * MINUTE);
        assert.equal(line.lines.length, 1);
        assert.equal(line.phase, `refused ${code}`);
        assert.equal(line.due, null);
      } else if (then === "forget the cursor") {
        assert.equal(line.line.cursor, null);
        line.drop(code);
        assert.equal(line.lines.length, 2);
        assert.equal(line.phase, `refused ${code}`);
      } else {
        assert.equal(line.attempt(), 500);
      }
    });
  }

  const nonsense = [
    null,
    3,
    [],
    { type: "retry", min: 5, max: "x" },
    { type: "retry", min: 5, max: 1 },
    { type: "retry", min: "1", max: "2" },
    { type: "update", from: null, cursor: "3-c" },
    { type: "update", from: null, entries: [] },
    { type: "update", from: null, cursor: "3-c", entries: [null] },
    { type: "update", from: null, cursor: "3-c", entries: {} },
    { type: "beat" },
  ];
  for (const message of nonsense) {
    test(`${JSON.stringify(message)} is a broken line`, () => {
      line.send(message);
      assert.equal(line.lines[0].open, false);
      assert.equal(line.attempt(), 500);
      assert.equal(line.state.cursor, "2-b");
    });
  }

  test("what is of an unknown type is none of ours", () => {
    line.send({ type: "reaction", emoji: "x" });
    assert.equal(line.lines[0].open, true);
  });
});

describe("gaps", () => {
  test("one is asked about at once, from the state's cursor", () => {
    line.send(update("2-b", "3-c"));
    line.send(update("4-d", "5-e"));
    assert.equal(line.lines.length, 2);
    assert.equal(line.lines[0].open, false);
    assert.equal(line.line.cursor, "3-c");
    assert.equal(line.phase, "live");
  });

  test("a beat shows a silent one", () => {
    line.send(beat("3-c"));
    assert.equal(line.lines.length, 2);
  });

  test("a server that insists on them is not asked without end", () => {
    line.send(beat("3-c"));
    line.send(nothingNew("2-b"));
    line.send(beat("3-c"));
    assert.equal(line.lines.length, 2);
    assert.equal(line.attempt(), 500);
    line.send(update("2-b", "3-c"));
    line.send(beat("4-d"));
    assert.equal(line.lines.length, 4);
  });

  test("a line that is lost between the parts of a catch-up starts it again", () => {
    line.send(update("2-b", "3-c", true));
    line.drop();
    line.attempt();
    assert.equal(line.line.cursor, "2-b");
    line.send(update("2-b", "4-d"));
    assert.deepEqual(line.shown, [["e4"]]);
  });
});

describe("start, stop and hurry", () => {
  test("stopped, it is silent until it is started again", () => {
    line.tell("stop");
    assert.equal(line.lines[0].open, false);
    assert.equal(line.due, null);
    for (const event of /** @type {const} */ (["hurry", "online", "visible", "return"])) line.tell(event);
    assert.equal(line.lines.length, 1);
    line.tell("start");
    line.tell("start");
    assert.equal(line.lines.length, 2);
  });

  test("in a hurry it does not wait for the next attempt", () => {
    line.drop();
    line.tell("hurry");
    assert.equal(line.lines.length, 2);
    line.tell("hurry");
    assert.equal(line.lines.length, 2, "there is a fresh line already");
  });
});

describe("the network and the page", () => {
  beforeEach(() => line.send(update("2-b", "3-c")));

  test("offline is a lost line, online a new one at once", () => {
    line.tell("offline");
    assert.equal(line.lines[0].open, false);
    assert.equal(line.phase, "reconnecting");
    line.random = 1;
    for (let failures = 0; failures < 5; failures += 1) {
      line.attempt();
      line.drop();
    }
    const { length } = line.lines;
    line.tell("online");
    assert.equal(line.lines.length, length + 1);
    line.drop();
    assert.equal(line.attempt(), 3_000, "the failures of the old network do not count");
  });

  test("a page that is hidden for minutes lets go, and comes back when it is seen", () => {
    line.tell("hidden");
    for (let passed = 0; passed < 170; passed += 10) {
      line.pass(10_000);
      line.send(beat("3-c"));
    }
    assert.equal(line.lines[0].open, true);
    line.pass(10_000);
    assert.equal(line.lines[0].open, false);
    assert.equal(line.phase, "reconnecting");
    assert.equal(line.due, null);
    line.pass(100 * MINUTE);
    assert.equal(line.lines.length, 1);
    line.tell("visible");
    assert.equal(line.lines.length, 2);
    assert.equal(line.line.cursor, "3-c");
  });

  test("a page that is hidden for a moment notices nothing", () => {
    line.tell("hidden");
    line.pass(10_000);
    line.tell("visible");
    for (let passed = 0; passed < 30; passed += 1) {
      line.send(beat("3-c"));
      line.pass(10_000);
    }
    assert.equal(line.lines.length, 1);
  });

  test("a page that is put away lets go at once, and is taken up with its cursor", () => {
    line.tell("leave");
    line.tell("hidden");
    assert.equal(line.lines[0].open, false);
    assert.equal(line.due, null);
    line.tell("return");
    line.tell("visible");
    assert.equal(line.lines.length, 2);
    assert.equal(line.line.cursor, "3-c");
  });

  test("a page that is put away without a line is quiet", () => {
    line.drop();
    line.tell("leave");
    assert.equal(line.due, null);
    line.tell("online");
    assert.equal(line.lines.length, 1);
  });

  for (const [name, milliseconds] of /** @type {const} */ ([
    ["a sleep", 20 * MINUTE],
    ["a clock that was put back", -20 * MINUTE],
  ])) {
    test(`after ${name} the line is suspect, and a new one is made at once`, () => {
      line.sleep(milliseconds);
      assert.equal(line.lines[0].open, false);
      assert.equal(line.lines.length, 2);
      line.send(update("3-c", "4-d"));
      assert.equal(line.phase, "live");
      line.pass(9_000);
      assert.equal(line.lines.length, 2);
    });
  }

  test("after a sleep nothing that was waited for is waited for again", () => {
    line.drop();
    line.sleep(-600 * MINUTE);
    assert.equal(line.lines.length, 2);
  });

  test("a network that is not there after a sleep is noticed within seconds", () => {
    line.sleep(20 * MINUTE);
    line.pass(10_000);
    assert.equal(line.phase, "reconnecting");
  });
});
