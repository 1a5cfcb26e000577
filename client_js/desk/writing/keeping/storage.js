import { deleteDB, openDB } from "../../vendor/idb.js";

/** The stores of a person's database. */
export const STORES = /** @type {const} */ (["drafts", "intentions", "settings"]);

/**
 * One transaction over all stores.
 *
 * @typedef {object} Transaction
 * @property {(store: Store, key: string | number) => Promise<any>} get
 * @property {(store: Store) => Promise<any[]>} all in ascending order of their keys
 * @property {(store: Store, value: any) => Promise<any>} put returns the key
 * @property {(store: Store, key: string | number) => Promise<void>} remove
 *
 * @typedef {(typeof STORES)[number]} Store
 */

/** Keys of the stores; an intention gets the next number. */
const KEYS = { drafts: "id", intentions: "order", settings: "name" };

/**
 * What the browser keeps for one person: an own database for each, so that nobody sees the words of another who signs in
 * in the same browser. Without IndexedDB it keeps them in memory, and `isLasting` is false.
 */
export class Storage {
  #database;

  /** @param {import("idb").IDBPDatabase<any> | null} database null: keep everything in memory */
  constructor(database) {
    this.#database = database;
    this.#memory = database ? null : new Memory();
  }

  #memory;

  get isLasting() {
    return this.#database !== null;
  }

  /**
   * Open the storage of a person.
   *
   * @param {string} person the name of its identity, such as `person:ann`
   */
  static async open(person) {
    try {
      const database = await openDB(nameOf(person), 1, {
        upgrade(made) {
          made.createObjectStore("drafts", { keyPath: KEYS.drafts });
          made.createObjectStore("intentions", { keyPath: KEYS.intentions, autoIncrement: true });
          made.createObjectStore("settings", { keyPath: KEYS.settings });
        },
        blocking: (_old, _new, event) => /** @type {IDBDatabase} */ (event.target).close(),
      });
      return new Storage(database);
    } catch {
      return new Storage(null); // the browser forbids it here, or its disk is broken
    }
  }

  /** Delete everything that the browser keeps for a person. @param {string} person */
  static async erase(person) {
    await deleteDB(nameOf(person));
  }

  /**
   * Read and write in one transaction.
   *
   * @template Result
   * @param {(transaction: Transaction) => Promise<Result>} work must only await the transaction
   * @param {boolean} [strict] whether to wait until the disk has it, so that it survives a loss of power
   * @returns {Promise<Result>}
   */
  async change(work, strict = false) {
    if (!this.#database) return work(/** @type {Memory} */ (this.#memory));
    const opened = this.#database.transaction(STORES, "readwrite", { durability: strict ? "strict" : "relaxed" });
    try {
      const result = await work({
        get: (store, key) => opened.objectStore(store).get(key),
        all: (store) => opened.objectStore(store).getAll(),
        put: (store, value) => opened.objectStore(store).put(value),
        remove: (store, key) => opened.objectStore(store).delete(key),
      });
      await opened.done;
      return result;
    } catch (error) {
      try {
        opened.abort();
      } catch {
        // it has ended by itself
      }
      await opened.done.catch(() => {});
      throw error;
    }
  }

  close() {
    this.#database?.close();
  }
}

/** Stands for a database where there is none. @implements {Transaction} */
class Memory {
  /** @type {Record<Store, Map<string | number, any>>} */
  #stores = { drafts: new Map(), intentions: new Map(), settings: new Map() };
  #count = 0;

  /** @param {Store} store @param {string | number} key */
  async get(store, key) {
    return structuredClone(this.#stores[store].get(key));
  }

  /** @param {Store} store */
  async all(store) {
    return structuredClone([...this.#stores[store].values()]);
  }

  /** @param {Store} store @param {any} value */
  async put(store, value) {
    const key = value[KEYS[store]] ?? ++this.#count;
    this.#stores[store].set(key, structuredClone({ ...value, [KEYS[store]]: key }));
    return key;
  }

  /** @param {Store} store @param {string | number} key */
  async remove(store, key) {
    this.#stores[store].delete(key);
  }
}

/** @param {string} person */
function nameOf(person) {
  return `stoppress-desk ${person}`;
}
