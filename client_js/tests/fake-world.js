/** @import { World } from "../src/transports/transport.js" */

// Node 18 does not have it
globalThis.CustomEvent ??= /** @type {any} */ (
  class extends Event {
    constructor(/** @type {string} */ type, /** @type {any} */ { detail }) {
      super(type);
      this.detail = detail;
    }
  }
);

/** A WebSocket or EventSource whose server is the test. */
export class FakeConnection extends EventTarget {
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  /** @type {(() => void) | null} */
  onerror = null;
  closed = false;

  /**
   * @param {string} address
   * @param {string[]} [protocols]
   */
  constructor(address, protocols) {
    super();
    this.address = address;
    this.protocols = protocols;
  }

  /** @param {object} message */
  send(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Send a message as a server-sent event. @param {{type: string}} message */
  emit(message) {
    this.dispatchEvent(new MessageEvent(message.type, { data: JSON.stringify(message) }));
  }

  drop(code = 1006) {
    this.onclose?.({ code });
  }

  close() {
    this.closed = true;
  }
}

/** The part of Web Locks that tabs use, for one browser. */
export class FakeLocks {
  /** @type {Map<string, (() => void)[]>} Each held lock, with the requests that wait for it. */
  #held = new Map();

  /**
   * @param {string} name
   * @param {any} options
   * @param {(lock: any) => any} run
   */
  request = async (name, { ifAvailable = false, signal }, run) => {
    const waiting = this.#held.get(name);
    if (waiting && ifAvailable) return run(null);
    if (waiting) await this.#wait(waiting, signal);
    else this.#held.set(name, []);
    try {
      return await run({ name });
    } finally {
      const next = this.#held.get(name)?.shift();
      if (next) next();
      else this.#held.delete(name);
    }
  };

  /**
   * @param {(() => void)[]} waiting
   * @param {AbortSignal} [signal]
   */
  #wait(waiting, signal) {
    return new Promise((resolve, reject) => {
      const granted = () => resolve(null);
      waiting.push(granted);
      signal?.addEventListener("abort", () => {
        waiting.splice(waiting.indexOf(granted), 1);
        reject(signal.reason);
      });
    });
  }
}

/** A `World` under the test's control. */
export class FakeWorld {
  /** @type {FakeConnection[]} */
  connections = [];
  /** @type {{address: URL, answer: (status: number, body?: object, type?: string) => void, aborted: boolean, authorization?: string}[]} */
  requests = [];
  /** @type {Map<number, {run: () => void, at: number}>} */
  #timers = new Map();
  #count = 0;
  time = 1_000_000;
  randomValue = 0;

  constructor(locks = new FakeLocks()) {
    const { connections } = this;
    class Connection extends FakeConnection {
      /** @param {[string, string[]?]} how */
      constructor(...how) {
        super(...how);
        connections.push(this);
      }
    }
    this.WebSocket = this.EventSource = Connection;
    this.locks = locks;
  }

  BroadcastChannel = globalThis.BroadcastChannel;

  /** The newest connection. */
  get connection() {
    return this.connections[this.connections.length - 1];
  }

  /** The newest request. */
  get request() {
    return this.requests[this.requests.length - 1];
  }

  /** @returns {World} */
  get world() {
    return /** @type {any} */ (this);
  }

  fetch = (/** @type {URL} */ address, /** @type {{signal: AbortSignal, headers?: any}} */ { signal, headers }) =>
    new Promise((resolve, reject) => {
      const request = {
        address,
        authorization: headers?.authorization,
        aborted: false,
        answer: (/** @type {number} */ status, /** @type {any} */ body = {}, type = "application/json") => {
          const headers = { "content-type": type, ...([429, 503].includes(status) && { "retry-after": "2" }) };
          resolve(new Response(status === 200 ? JSON.stringify(body) : "", { status, headers }));
        },
      };
      signal.addEventListener("abort", () => {
        request.aborted = true;
        reject(signal.reason);
      });
      this.requests.push(request);
    });

  setTimeout = (/** @type {() => void} */ run, /** @type {number} */ milliseconds) => {
    this.#timers.set(++this.#count, { run, at: this.time + milliseconds });
    return this.#count;
  };

  clearTimeout = (/** @type {number} */ timer) => this.#timers.delete(timer);

  /** Let time pass, in milliseconds. */
  pass(milliseconds = 0) {
    const end = this.time + milliseconds;
    for (;;) {
      const [timer, next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (!next || next.at > end) break;
      this.#timers.delete(timer);
      this.time = next.at;
      next.run();
    }
    this.time = end;
  }

  get timers() {
    return this.#timers.size;
  }

  now = () => this.time;

  random = () => this.randomValue;
}

/** Let all pending promises and messages settle. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
