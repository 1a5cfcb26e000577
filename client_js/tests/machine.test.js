import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, test } from "node:test";
import { beat, Driver, nothingNew, update } from "./driver.js";

const closing = JSON.parse(readFileSync(new URL("../../tests/vectors/closing.json", import.meta.url), "utf8"));

const MINUTE = 60_000;

/** @type {Driver} */
let driver;

beforeEach(() => {
  driver = new Driver();
});

test("after a lost connection it connects again after a random wait, from the newest cursor", () => {
  assert.equal(new Driver({ cursor: null }).connection.cursor, null);
  assert.deepEqual(driver.connections, [{ id: 1, rank: 0, cursor: "2-b", open: true }]);
  driver.send(update("2-b", "3-c"));
  driver.random = 0.5;
  driver.drop();
  assert.equal(driver.phase, "reconnecting");
  assert.equal(driver.attempt(), 500 + 0.5 * 2_500);
  assert.equal(driver.connection.cursor, "3-c");
  driver.send(update("3-c", "4-d"));
  assert.equal(driver.phase, "live");
});

test("waits grow with failures and are short again after a success", () => {
  driver.random = 1;
  for (const expected of [3_000, 6_000, 12_000, 24_000, ...Array(50).fill(30_000)]) {
    driver.drop();
    assert.equal(driver.attempt(), expected);
  }
  driver.send(update("2-b", "3-c"));
  driver.drop();
  assert.equal(driver.attempt(), 3_000);
});

test("a new connection that is silent for ten seconds is closed, and was never live", () => {
  driver.pass(10_000);
  assert.deepEqual(driver.phases, ["connecting"]);
  assert.equal(driver.connections[0].open, false);
  assert.equal(driver.attempt(), 500);
});

test("a connection that misses two beats counts as lost", () => {
  driver.send(update("2-b", "3-c"));
  driver.pass(44_999);
  assert.equal(driver.phase, "live");
  driver.pass(1);
  assert.equal(driver.connections[0].open, false);
  assert.equal(driver.phase, "reconnecting");
  assert.equal(driver.attempt(), 500);
});

test("messages of a closed connection are ignored", () => {
  const [old] = driver.connections;
  driver.drop();
  driver.attempt();
  driver.send(update("2-b", "3-c"), old);
  driver.tell({ type: "closed", id: old.id, code: 4404 });
  assert.equal(driver.state.cursor, "2-b");
  assert.deepEqual(driver.open, [false, true]);
});

describe("what the server says", () => {
  for (const { name, retry, random, wait } of closing.retries) {
    test(`${name}: it is obeyed, once`, () => {
      driver.send(update("2-b", "3-c"));
      driver.send(retry);
      driver.random = random;
      driver.drop(1001);
      assert.equal(driver.attempt(), wait);
      driver.random = 0;
      driver.drop();
      assert.equal(driver.attempt(), 500);
    });
  }

  for (const { code, then } of closing.codes) {
    test(`after ${code}: ${then}`, () => {
      driver.drop(code);
      if (then === "stop") {
        driver.tell("hurry");
        driver.tell("online");
        driver.pass(10 * MINUTE);
        assert.equal(driver.connections.length, 1);
        assert.equal(driver.phase, `refused ${code}`);
        assert.equal(driver.due, null);
      } else if (then === "forget the cursor") {
        assert.equal(driver.connection.cursor, null);
        driver.drop(code);
        assert.equal(driver.connections.length, 2);
        assert.equal(driver.phase, `refused ${code}`);
      } else {
        assert.equal(driver.attempt(), 500);
      }
    });
  }

  const nonsense = [
    ...[null, 3, [], { type: "beat" }, { type: "update", from: null, entries: [] }],
    ...[["5", "x"], [5, 1], ["1", "2"]].map(([min, max]) => ({ type: "retry", min, max })),
    ...[undefined, [null], {}].map((entries) => ({ type: "update", from: null, cursor: "3-c", entries })),
  ];
  for (const message of nonsense) {
    test(`${JSON.stringify(message)} counts as a broken connection`, () => {
      driver.send(message);
      assert.equal(driver.connections[0].open, false);
      assert.equal(driver.attempt(), 500);
      assert.equal(driver.state.cursor, "2-b");
    });
  }

  test("a message of an unknown type is ignored", () => {
    driver.send({ type: "reaction", emoji: "x" });
    assert.equal(driver.connections[0].open, true);
  });
});

describe("gaps", () => {
  test("after the first one it asks at once, from the state's cursor", () => {
    driver.send(update("2-b", "3-c"));
    driver.send(update("4-d", "5-e"));
    assert.deepEqual(driver.open, [false, true]);
    assert.equal(driver.connection.cursor, "3-c");
    assert.equal(driver.phase, "live");
  });

  test("a beat reveals one; it backs off if the server keeps sending them", () => {
    driver.send(beat("3-c"));
    assert.equal(driver.connections.length, 2);
    driver.send(nothingNew("2-b"));
    driver.send(beat("3-c"));
    assert.equal(driver.connections.length, 2);
    assert.equal(driver.attempt(), 500);
    driver.send(update("2-b", "3-c"));
    driver.send(beat("4-d"));
    assert.equal(driver.connections.length, 4);
  });

  test("a connection that is lost between the parts of a catch-up starts it again", () => {
    driver.send(update("2-b", "3-c", true));
    driver.drop();
    driver.attempt();
    assert.equal(driver.connection.cursor, "2-b");
    driver.send(update("2-b", "4-d"));
    assert.deepEqual(driver.shown, [["e4"]]);
  });
});

describe("start, stop and hurry", () => {
  test("after a stop it does nothing until it is started again", () => {
    driver.tell("stop");
    assert.equal(driver.connections[0].open, false);
    assert.equal(driver.due, null);
    for (const event of /** @type {const} */ (["hurry", "online", "visible", "return"])) driver.tell(event);
    assert.equal(driver.connections.length, 1);
    driver.tell("start");
    driver.tell("start");
    assert.equal(driver.connections.length, 2);
  });

  test("`hurry` connects without waiting for the next attempt", () => {
    driver.drop();
    driver.tell("hurry");
    assert.equal(driver.connections.length, 2);
    driver.tell("hurry");
    assert.equal(driver.connections.length, 2, "there is a new connection already");
  });
});

describe("the network and the page", () => {
  beforeEach(() => driver.send(update("2-b", "3-c")));

  /** Let seconds pass on a connection that keeps beating. @param {number} seconds */
  function beating(seconds) {
    for (let passed = 0; passed < seconds; passed += 10) {
      driver.pass(10_000);
      driver.send(beat("3-c"));
    }
  }

  test("offline closes the connection, online opens a new one at once", () => {
    driver.tell("offline");
    assert.equal(driver.connections[0].open, false);
    assert.equal(driver.phase, "reconnecting");
    driver.random = 1;
    for (let failures = 0; failures < 5; failures += 1) {
      driver.attempt();
      driver.drop();
    }
    const { length } = driver.connections;
    driver.tell("online");
    assert.equal(driver.connections.length, length + 1);
    driver.drop();
    assert.equal(driver.attempt(), 3_000, "the failures of the old network do not count");
  });

  test("a page that is hidden for minutes closes its connection until it is visible again", () => {
    driver.tell("hidden");
    beating(170);
    assert.equal(driver.connections[0].open, true);
    driver.pass(10_000);
    assert.equal(driver.connections[0].open, false);
    assert.equal(driver.phase, "reconnecting");
    assert.equal(driver.due, null);
    driver.pass(100 * MINUTE);
    assert.equal(driver.connections.length, 1);
    driver.tell("visible");
    assert.equal(driver.connections.length, 2);
    assert.equal(driver.connection.cursor, "3-c");
  });

  test("a page that is hidden for a moment keeps its connection", () => {
    driver.tell("hidden");
    driver.pass(10_000);
    driver.tell("visible");
    beating(300);
    assert.equal(driver.connections.length, 1);
  });

  test("a page that is left closes its connection at once, and continues from its cursor when it is back", () => {
    driver.tell("leave");
    driver.tell("hidden");
    assert.equal(driver.connections[0].open, false);
    assert.equal(driver.due, null);
    driver.tell("online");
    assert.equal(driver.connections.length, 1);
    driver.tell("return");
    driver.tell("visible");
    assert.equal(driver.connections.length, 2);
    assert.equal(driver.connection.cursor, "3-c");
    driver.drop();
    driver.tell("leave");
    assert.equal(driver.due, null, "without a connection, it does nothing");
  });

  for (const [name, milliseconds] of /** @type {const} */ ([
    ["a sleep", 20 * MINUTE],
    ["a clock that was set back", -20 * MINUTE],
  ])) {
    test(`after ${name} it opens a new connection at once`, () => {
      driver.sleep(milliseconds);
      assert.deepEqual(driver.open, [false, true]);
      driver.send(update("3-c", "4-d"));
      assert.equal(driver.phase, "live");
      driver.pass(9_000);
      assert.equal(driver.connections.length, 2);
    });
  }

  test("after a sleep it does not repeat a wait, and notices within seconds that there is no network", () => {
    driver.drop();
    driver.sleep(-600 * MINUTE);
    assert.equal(driver.connections.length, 2);
    driver.send(update("3-c", "4-d"));
    driver.sleep(20 * MINUTE);
    driver.pass(10_000);
    assert.equal(driver.phase, "reconnecting");
  });
});

describe("tabs", () => {
  const [TAB, SOCKET] = [0, 1];

  beforeEach(() => {
    driver = new Driver({ count: 4, shared: true });
  });

  test("the leading tab opens its own connection", () => {
    assert.deepEqual(driver.ranks, [TAB]);
    driver.tell("lead");
    assert.deepEqual(driver.ranks, [TAB, SOCKET]);
    driver.send(nothingNew("2-b"));
    driver.tell("relayed");
    driver.drop();
    driver.attempt();
    assert.deepEqual(driver.ranks, [TAB, SOCKET, SOCKET]);
  });

  test("after a second gap in a row a tab opens its own connection", () => {
    driver.send(beat("3-c"));
    assert.deepEqual(driver.ranks, [TAB, TAB]);
    driver.send(beat("3-c"));
    assert.deepEqual(driver.ranks, [TAB, TAB, SOCKET]);
  });

  test("a page that is left stops sharing, and follows the leading tab when it is back", () => {
    driver.tell("lead");
    driver.send(nothingNew("2-b"));
    const { left } = driver;
    driver.tell("leave");
    assert.equal(driver.left, left + 1);
    driver.tell("return");
    assert.equal(driver.connection.rank, TAB);
    driver.tell("relayed");
    assert.equal(driver.connection.rank, TAB);
  });
});

describe("a token", () => {
  beforeEach(() => {
    driver = new Driver({ renews: true });
    driver.send(update("2-b", "3-c"));
    driver.random = 0.5;
    driver.drop(4401);
  });

  test("that has ended is renewed, and the client goes on from its cursor", () => {
    assert.equal(driver.phase, "reconnecting");
    driver.pass(499);
    assert.equal(driver.renewals, 0, "many readers do not ask at the same moment");
    driver.pass(1);
    assert.equal(driver.renewals, 1);
    assert.equal(driver.connections.length, 1, "it waits for the page");
    driver.renewed();
    assert.equal(driver.connection.cursor, "3-c");
    driver.send(update("3-c", "4-d"));
    assert.equal(driver.phase, "live");
    driver.drop(4401);
    driver.pass(500);
    assert.equal(driver.renewals, 2, "the next one ends, too");
  });

  test("that is refused although it is new stops the client", () => {
    driver.pass(500);
    driver.renewed();
    driver.drop(4401);
    assert.equal(driver.phase, "refused 4401");
    driver.pass(MINUTE);
    assert.deepEqual([driver.renewals, driver.connections.length], [1, 2]);
  });

  test("is asked for again, with growing pauses, if the page fails or is silent", () => {
    driver.pass(500);
    driver.renewed(false);
    driver.pass(1_750);
    assert.equal(driver.renewals, 2);
    driver.pass(30_000);
    assert.equal(driver.renewals, 2, "the page has half a minute");
    driver.pass(3_250);
    assert.equal(driver.renewals, 3);
    driver.renewed();
    assert.equal(driver.connections.length, 2);
  });

  test("is kept over a lost connection", () => {
    driver.pass(500);
    driver.renewed();
    driver.drop();
    driver.attempt();
    assert.equal(driver.renewals, 1);
  });

  test("of an address that has sent too many wrong ones waits, and is then asked for", () => {
    driver = new Driver({ renews: true });
    driver.send({ type: "retry", min: 30_000, max: 40_000 });
    driver.drop(1013);
    driver.pass(29_999);
    assert.deepEqual([driver.renewals, driver.connections.length], [0, 1]);
    driver.pass(1);
    assert.equal(driver.connections.length, 2);
    driver.drop(4401);
    driver.pass(1_000);
    assert.equal(driver.renewals, 1);
  });

  test("comes late, or twice, without harm", () => {
    driver.renewed();
    driver.pass(500);
    driver.renewed();
    driver.renewed();
    assert.equal(driver.connections.length, 2);
    driver.tell("stop");
    driver.renewed();
    assert.equal(driver.phase, "stopped");
  });

  test("is asked for when the page has come back", () => {
    driver.pass(500);
    driver.tell("leave");
    driver.renewed();
    driver.tell("return");
    assert.equal(driver.renewals, 2);
    driver.renewed();
    assert.equal(driver.connection.open, true);
  });

  test("is not asked for twice by those who are in a hurry", () => {
    driver.tell("hurry");
    driver.tell("hurry");
    driver.tell("online");
    assert.deepEqual([driver.renewals, driver.connections.length], [1, 1]);
  });
});

test("without a page that has tokens, the client stops when it needs one", () => {
  driver.drop(4401);
  assert.equal(driver.phase, "refused 4401");
});

test("with other blogs in its token, the client stops", () => {
  driver = new Driver({ renews: true });
  driver.drop(4403);
  assert.equal(driver.phase, "refused 4403");
  assert.equal(driver.renewals, 0);
});
