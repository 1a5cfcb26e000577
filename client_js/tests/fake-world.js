/** A WebSocket whose other end is the test. */
export class FakeSocket {
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  closed = false;

  /**
   * @param {string} address
   * @param {string[]} protocols
   */
  constructor(address, protocols) {
    this.address = address;
    this.protocols = protocols;
  }

  /** @param {object} message */
  send(message) {
    this.sendText(JSON.stringify(message));
  }

  /** @param {string} data */
  sendText(data) {
    this.onmessage?.({ data });
  }

  drop(code = 1006) {
    this.onclose?.({ code });
  }

  close() {
    this.closed = true;
  }
}

/** What a connection needs of the world, under the test's control. */
export class FakeWorld {
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {{run: () => void, at: number} | null} The connection has one timer at the most. */
  #timer = null;
  time = 0;
  randomValue = 0;

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends FakeSocket {
      /**
       * @param {string} address
       * @param {string[]} protocols
       */
      constructor(address, protocols) {
        super(address, protocols);
        sockets.push(this);
      }
    };
  }

  /** The newest one. */
  get socket() {
    return this.sockets[this.sockets.length - 1];
  }

  /** Milliseconds until the timer, if there is one. */
  get wait() {
    return this.#timer && this.#timer.at - this.time;
  }

  /** Let the time pass until the timer is due. */
  pass() {
    const timer = this.#timer;
    if (!timer) throw new Error("nothing is waited for");
    this.#timer = null;
    this.time = timer.at;
    timer.run();
  }

  setTimeout = (/** @type {() => void} */ run, /** @type {number} */ milliseconds) => {
    if (this.#timer) throw new Error("a second timer");
    return (this.#timer = { run, at: this.time + milliseconds });
  };

  clearTimeout = (/** @type {unknown} */ timer) => {
    if (timer === this.#timer) this.#timer = null;
  };

  now = () => this.time;

  random = () => this.randomValue;
}
