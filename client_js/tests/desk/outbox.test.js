import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Api } from "../../desk/writing/api.js";
import { emptyWords } from "../../desk/writing/form/fields.js";
import { Drafts } from "../../desk/writing/keeping/drafts.js";
import { listIntentions, OutboxFull, TakenOver } from "../../desk/writing/keeping/intentions.js";
import { Storage } from "../../desk/writing/keeping/storage.js";
import { intentionOf } from "../../desk/writing/outbox/make-intention.js";
import { Outbox } from "../../desk/writing/outbox/outbox.js";
import { FakeLocks } from "../fake-world.js";
import { FakeServer } from "./fake-server.js";

const SETTING = { zone: "UTC", now: 0, undoSeconds: 0, isFollowing: false };

/** @type {FakeServer} */
let server;
/** @type {FakeLocks} */
let locks;
/** @type {Tab[]} */
let tabs = [];
let person = 0;

/** A tab of the desk, without a page. */
class Tab {
  /** @param {Storage} storage */
  constructor(storage) {
    this.storage = storage;
    /** @type {import("../../desk/writing/outbox/outbox.js").World} */
    this.world = {
      fetch: server.fetch,
      now: () => Date.now(),
      random: () => 0,
      // Waits are short here, except those of a browser without a network
      setTimeout: (/** @type {() => void} */ run, /** @type {number} */ wait) => setTimeout(run, wait < 29_000 ? Math.min(wait, 5) : wait),
      clearTimeout,
      locks: /** @type {any} */ (locks),
      BroadcastChannel,
    };
    const session = /** @type {any} */ ({ kind: "person", name: `ann${person}`, csrf_token: "token" });
    server.person = session.name;
    this.api = new Api(this.world, session);
    this.drafts = new Drafts(storage, this.api, this.world, "demo");
    this.outbox = new Outbox(storage, this.api, this.world);
    tabs.push(this);
  }

  static async open(name = `person:ann${person}`) {
    const tab = new Tab(await Storage.open(name));
    await tab.outbox.start();
    await tab.begin();
    return tab;
  }

  async begin() {
    const words = emptyWords("Ann");
    return this.drafts.open({ slot: "new", entry: null, version: null, status: null, base: null, words });
  }

  /** @param {string} body */
  type(body) {
    this.drafts.keep({ ...this.drafts.draft.words, body });
  }

  /** @param {import("../../desk/writing/types.js").Kind} kind */
  async send(kind) {
    const { draft } = this.drafts;
    const isFollowing = this.outbox.items.some((one) => one.draft?.id === draft.id);
    const intention = intentionOf(kind, draft, { ...SETTING, isFollowing });
    if (!intention) throw new Error("nothing to send");
    const outcome = this.outbox.outcome(intention.key);
    const remake = (/** @type {any} */ newer, /** @type {boolean} */ follows) => intentionOf(kind, newer, { ...SETTING, isFollowing: follows });
    const { isNeeded } = await this.outbox.add(intention, { next: kind === "draft" ? draft : null, remake });
    return isNeeded ? outcome : /** @type {const} */ ({ kind: "unchanged" });
  }

  /** End as a killed browser does. */
  kill() {
    this.outbox.stop();
    this.drafts.close();
    this.storage.close();
    tabs = tabs.filter((one) => one !== this);
  }
}

beforeEach(() => {
  server = new FakeServer();
  locks = new FakeLocks();
  person += 1;
});

afterEach(() => {
  for (const tab of tabs) tab.kill();
});

const texts = () => server.entries.map(({ markdown }) => markdown);

test("what was typed is there again after a crash", async () => {
  const first = await Tab.open();
  first.type("Hello");
  await first.drafts.flush();
  first.type("Hello, wor");
  await first.drafts.flush();
  first.kill();
  const second = await Tab.open();
  const { draft, isOld } = await second.begin();
  assert.deepEqual([draft.words.body, isOld], ["Hello, wor", true]);
});

test("an intention whose answer was lost is carried out once, also after a crash", async () => {
  const first = await Tab.open();
  first.type("Once");
  server.faults = ["unanswered", "unanswered", ...Array(50).fill("lost")];
  void first.send("publish");
  while (server.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
  first.kill();
  server.faults = [];
  const second = await Tab.open();
  assert.equal(second.drafts.draft.words.body, ""); // the words are in the outbox, not in the form as well
  while ((await listIntentions(second.storage)).length) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(texts(), ["Once"]);
});

test("a draft that is saved and published before the first answer becomes one entry", async () => {
  const tab = await Tab.open();
  server.faults = ["unanswered", "lost"];
  tab.type("Draft");
  const saved = tab.send("draft");
  tab.type("Published");
  const published = tab.send("publish");
  assert.deepEqual([(await saved).kind, (await published).kind], ["done", "done"]);
  assert.deepEqual(server.entries.map(({ status, markdown }) => [status, markdown]), [["published", "Published"]]);
});

test("what is sent before the form has seen an answer changes what the answer made", async () => {
  const tab = await Tab.open();
  tab.drafts.keep({ ...tab.drafts.draft.words, body: "Text", title: "Title" });
  assert.equal((await tab.send("draft")).kind, "done");
  assert.equal(tab.drafts.draft.entry, null, "the form has not seen it");
  assert.equal((await tab.send("draft")).kind, "unchanged");
  tab.drafts.keep({ ...tab.drafts.draft.words, title: "" });
  assert.equal((await tab.send("draft")).kind, "done");
  tab.type("Published");
  assert.equal((await tab.send("publish")).kind, "done");
  const found = server.entries.map(({ status, title, markdown }) => [status, title ?? "", markdown]);
  assert.deepEqual(found, [["published", "", "Published"]]);
});

test("a newer save takes the place of one that was not tried", async () => {
  const tab = await Tab.open();
  tab.outbox.setOnline(false);
  for (const text of ["1", "12", "123"]) {
    tab.type(text);
    void tab.send("draft");
  }
  await tab.begin();
  assert.equal((await listIntentions(tab.storage)).length, 1);
  tab.outbox.setOnline(true);
  while (!server.entries.length) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(texts(), ["123"]);
});

test("what the server refuses comes back with its words and its error", async () => {
  const tab = await Tab.open();
  server.faults = [422];
  tab.type("Refused");
  await tab.send("publish");
  const [returned] = await listIntentions(tab.storage);
  assert.deepEqual([returned.state, returned.draft?.words.body, returned.problem?.detail], ["returned", "Refused", "422"]);
  const draft = { .../** @type {any} */ (returned.draft), tab: tab.drafts.tab };
  await tab.outbox.take(returned.key, draft);
  await tab.drafts.adopt(draft);
  await tab.send("publish");
  assert.deepEqual(texts(), ["Refused"]);
});

test("nothing can be taken back while the server may have it", async () => {
  const tab = await Tab.open();
  server.faults = Array(50).fill("lost");
  tab.type("Perhaps");
  void tab.send("publish");
  while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  const [waiting] = tab.outbox.items;
  assert.equal(await tab.outbox.take(waiting.key), null);
});

describe("two tabs", () => {
  test("the newer one has the draft, and the older one cannot send it", async () => {
    const [old] = [await Tab.open()];
    old.type("Mine");
    await old.drafts.flush();
    const taken = new Promise((resolve) => old.drafts.addEventListener("taken", resolve));
    const newer = await Tab.open();
    assert.equal(newer.drafts.draft.words.body, "Mine");
    await taken;
    await assert.rejects(old.send("publish"), TakenOver);
    await newer.send("publish");
    await assert.rejects(old.send("publish"), TakenOver);
    assert.deepEqual(texts(), ["Mine"]);
  });

  test("one of them sends for both", async () => {
    const [one, two] = [await Tab.open(), await Tab.open()];
    two.type("Of the second");
    const outcome = await two.send("publish");
    assert.equal(outcome.kind, "done");
    one.kill();
    await two.begin();
    two.type("Alone");
    assert.equal((await two.send("publish")).kind, "done");
    assert.deepEqual(texts(), ["Of the second", "Alone"]);
  });

  test("an epoch that the server has forgotten is asked for again", async () => {
    const tab = await Tab.open();
    tab.type("Old");
    await tab.drafts.flush();
    server.faults = [];
    const { fetch } = server;
    let isForgotten = true;
    tab.world.fetch = /** @type {any} */ (
      async (/** @type {string} */ path, /** @type {any} */ options) => {
        if (!path.endsWith("/entries") || !isForgotten) return fetch(path, options);
        isForgotten = false;
        return new Response(JSON.stringify({ detail: "Ended.", draft: tab.drafts.draft.id, epoch: null }), { status: 409 });
      }
    );
    assert.equal((await tab.send("publish")).kind, "done");
  });
});

test("another person sees nothing of it", async () => {
  const ann = await Tab.open();
  ann.type("A secret");
  await ann.drafts.flush();
  ann.kill();
  const bob = await Storage.open(`person:bob${person}`);
  assert.deepEqual(await bob.change((transaction) => transaction.all("drafts")), []);
  bob.close();
});

test("signed out: it keeps all, and goes on after a sign-in with another token", async () => {
  const tab = await Tab.open();
  server.signedOut = true;
  tab.type("Later");
  const sent = tab.send("publish");
  while (tab.outbox.detail.phase !== "signed-out") await new Promise((resolve) => setTimeout(resolve, 2));
  Object.assign(server, { signedOut: false, token: "another token" });
  await tab.outbox.check();
  assert.equal((await sent).kind, "done");
  assert.deepEqual(texts(), ["Later"]);
});

test("the outbox has an end", async () => {
  const tab = await Tab.open();
  server.faults = Array(10_000).fill("lost");
  const fill = async () => {
    for (let count = 0; count < 201; count++) {
      tab.type(`${count}`);
      const intention = intentionOf("publish", tab.drafts.draft, SETTING);
      if (intention) await tab.outbox.add(intention);
      await tab.begin();
    }
  };
  await assert.rejects(fill(), OutboxFull);
});
