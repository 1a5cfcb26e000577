/** @import { Api } from "../api.js" */
/** @import { World } from "../outbox/outbox.js" */
/** @import { Draft, Words } from "../types.js" */
/** @import { Storage } from "./storage.js" */

/** An ended draft is remembered for this time, so that an old tab cannot send it again. */
const ENDED_MILLISECONDS = 7 * 86_400_000;

/** Time between two writes while somebody types. The first key is kept at once. */
const KEEP_MILLISECONDS = 150;

/**
 * What the form begins with when nothing is kept for it.
 *
 * @typedef {Pick<Draft, "slot" | "entry" | "version" | "status" | "base" | "words">} Beginning
 */

/**
 * Keeps the words of the form of one tab, and which draft they belong to. A draft belongs to the newest tab that opened
 * it. Events:
 *
 * - `taken`: another tab has taken over the draft;
 * - `kept`, with `detail.error` null or the reason why the words could not be kept.
 */
export class Drafts extends EventTarget {
  #storage;
  #api;
  #world;
  #blog;
  #channel;
  /** @type {any} */
  #timer = null;
  /** Time of the newest write. */
  #keptAt = 0;
  #isWriting = false;
  /** Words that are not kept yet. @type {Words | null} */
  #unkept = null;
  /** @type {Draft | null} */
  #draft = null;
  #isTaken = false;
  /** The draft whose epoch has been asked for. @type {string | null} */
  #asked = null;
  tab = crypto.randomUUID();

  /**
   * @param {Storage} storage
   * @param {Api} api whose person is known
   * @param {World} world
   * @param {string} blog
   */
  constructor(storage, api, world, blog) {
    super();
    this.#storage = storage;
    this.#api = api;
    this.#world = world;
    this.#blog = blog;
    const { BroadcastChannel } = world;
    this.#channel = BroadcastChannel && new BroadcastChannel(`stoppress-drafts ${api.person}`);
    if (this.#channel) this.#channel.onmessage = ({ data }) => this.#hear(data);
  }

  /** The draft in the form. @returns {Draft} */
  get draft() {
    if (!this.#draft) throw new Error("Open a draft first.");
    return this.#draft;
  }

  /** Whether a newer tab writes this draft now. */
  get isTaken() {
    return this.#isTaken;
  }

  /**
   * Take over what is kept for a slot, or begin.
   *
   * @param {Beginning} beginning
   * @returns {Promise<{draft: Draft, isOld: boolean}>} `isOld`: its words were kept before
   */
  async open(beginning) {
    await this.flush();
    let isOld = false;
    try {
      this.#draft = await this.#storage.change(async (transaction) => {
        const old = newest(await transaction.all("drafts"), this.#blog, beginning.slot);
        isOld = old !== undefined;
        const draft = old ? { ...old, tab: this.tab, epoch: null } : this.make(beginning);
        if (old) await transaction.put("drafts", draft);
        return draft;
      });
    } catch (error) {
      this.#draft = this.make(beginning);
      this.#tellKept(error);
    }
    const draft = this.draft;
    this.#isTaken = false;
    this.#channel?.postMessage({ type: "taken", draft: draft.id, tab: this.tab });
    if (isOld) void this.#askEpoch(draft);
    return { draft, isOld };
  }

  /**
   * Return a draft of this tab that is not kept yet.
   *
   * @param {Beginning} beginning
   * @returns {Draft}
   */
  make(beginning) {
    const now = this.#world.now();
    return { ...beginning, id: crypto.randomUUID(), blog: this.#blog, tab: this.tab, epoch: null, changed: now };
  }

  /** Go on with a draft that the outbox has kept. @param {Draft} draft */
  follow(draft) {
    this.#clear();
    this.#draft = draft;
    this.#isTaken = false;
  }

  /**
   * Put other words into the form: those that were given back, or that were kept for later.
   *
   * @param {Draft} draft
   */
  async adopt(draft) {
    await this.flush();
    const mine = { ...draft, tab: this.tab, epoch: null };
    this.follow(mine);
    this.#channel?.postMessage({ type: "taken", draft: mine.id, tab: this.tab });
    void this.#askEpoch(mine);
    await this.#storage.change((transaction) => transaction.put("drafts", mine)).catch((error) => this.#tellKept(error));
  }

  /**
   * The words have changed: keep them soon.
   *
   * @param {Words} words
   */
  keep(words) {
    if (!this.#draft || this.#isTaken) return;
    this.#draft = { ...this.#draft, words, changed: this.#world.now() };
    this.#unkept = words;
    if (this.#asked !== this.#draft.id) void this.#askEpoch(this.#draft);
    if (this.#timer !== null || this.#isWriting) return;
    const wait = Math.max(0, this.#keptAt + KEEP_MILLISECONDS - this.#world.now());
    if (wait > KEEP_MILLISECONDS) this.#keptAt = 0; // the clock was set back
    if (wait) this.#timer = this.#world.setTimeout(() => void this.flush(), Math.min(wait, KEEP_MILLISECONDS));
    else void this.flush();
  }

  /** Keep the words now. */
  async flush() {
    const [words, draft] = [this.#unkept, this.#draft];
    this.#clear();
    if (!words || !draft) return;
    this.#keptAt = this.#world.now();
    this.#isWriting = true;
    try {
      await this.#write({ ...draft, words });
      this.#tellKept(null);
    } catch (error) {
      this.#unkept ??= words; // the next key tries again
      this.#tellKept(error);
      return;
    } finally {
      this.#isWriting = false;
    }
    if (this.#unkept && this.#timer === null) this.keep(this.#unkept);
  }

  /** Forget the draft in the form. */
  async discard() {
    this.#clear();
    const { draft } = this;
    await this.#storage.change((transaction) => transaction.put("drafts", ended(draft))).catch(() => {});
  }

  /** Read what the outbox has made of the draft in the form: it may have become an entry. */
  async refresh() {
    const kept = await this.#storage.change((transaction) => transaction.get("drafts", this.draft.id)).catch(() => null);
    if (!kept || kept.isEnded || kept.id !== this.#draft?.id || kept.tab !== this.tab) return;
    const { entry, version, status, base } = kept;
    this.#draft = { ...this.draft, entry, version, status, base };
  }

  /** @returns {Promise<Draft[]>} what is kept for this blog, the newest first */
  async list() {
    const all = /** @type {Draft[]} */ (await this.#storage.change((transaction) => transaction.all("drafts")));
    return all.filter((one) => one.blog === this.#blog && !one.isEnded).sort((a, b) => b.changed - a.changed);
  }

  close() {
    this.#clear();
    this.#channel?.close();
  }

  #clear() {
    this.#world.clearTimeout(this.#timer);
    this.#timer = this.#unkept = null;
  }

  /** @param {Draft} draft */
  async #write(draft) {
    const isTaken = await this.#storage.change(async (transaction) => {
      const kept = await transaction.get("drafts", draft.id);
      if (kept && (kept.tab !== this.tab || kept.isEnded)) return true;
      const { words, changed, epoch } = draft;
      await transaction.put("drafts", kept ? { ...kept, words, changed, epoch: epoch ?? kept.epoch } : draft);
      return false;
    });
    if (isTaken) this.#lose();
  }

  /** @param {Draft} draft */
  async #askEpoch({ id }) {
    this.#asked = id;
    const epoch = await this.#api.takeOver(id);
    if (epoch === null || this.#isTaken) return;
    if (this.#draft?.id === id) this.#draft = { ...this.#draft, epoch };
    await keepEpoch(this.#storage, id, this.tab, epoch).catch(() => {});
  }

  /** @param {{type: string, draft: string, tab: string}} message of another tab */
  #hear({ type, draft, tab }) {
    if (type === "taken" && draft === this.#draft?.id && tab !== this.tab) this.#lose();
  }

  #lose() {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#clear();
    this.dispatchEvent(new CustomEvent("taken"));
  }

  /** @param {unknown} error */
  #tellKept(error) {
    this.dispatchEvent(new CustomEvent("kept", { detail: { error, isLasting: this.#storage.isLasting } }));
  }
}

/**
 * Return the newest draft of a blog for a slot.
 *
 * @param {Draft[]} drafts
 * @param {string} blog
 * @param {string} slot
 */
function newest(drafts, blog, slot) {
  const found = drafts.filter((one) => one.blog === blog && one.slot === slot && !one.isEnded);
  return found.sort((a, b) => b.changed - a.changed)[0];
}

/**
 * Return what stays of a draft that was sent or thrown away: no words.
 *
 * @param {Draft} draft
 * @returns {Draft}
 */
export function ended(draft) {
  return { ...draft, isEnded: true, slot: "", base: null, words: /** @type {any} */ ({}) };
}

/**
 * Remember the epoch that the server gave a tab for a draft.
 *
 * @param {Storage} storage
 * @param {string} id of the draft
 * @param {string} tab
 * @param {number} epoch
 */
export function keepEpoch(storage, id, tab, epoch) {
  return storage.change(async (transaction) => {
    const kept = await transaction.get("drafts", id);
    if (kept?.tab === tab) await transaction.put("drafts", { ...kept, epoch: Math.max(kept.epoch ?? 0, epoch) });
  });
}

/**
 * Forget drafts that ended long ago.
 *
 * @param {Storage} storage
 * @param {number} now
 */
export function tidy(storage, now) {
  return storage.change(async (transaction) => {
    const all = /** @type {Draft[]} */ (await transaction.all("drafts"));
    const old = all.filter((one) => one.isEnded && one.changed < now - ENDED_MILLISECONDS);
    for (const one of old) await transaction.remove("drafts", one.id);
  });
}
