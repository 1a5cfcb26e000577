/** @import { Session } from "../api.js" */
/** @import { Intention, Verdict, Who } from "./types.js" */
import { verdictOf } from "./outbox/verdict.js";

/** Deadline of an answer. After it the request is sent again, with the same key. */
const ANSWER_MILLISECONDS = 20_000;

/** No answer came: there is no network, or no server. */
export class Unreachable extends Error {}

/** @param {Session} session */
const idOf = ({ kind, name }) => `${kind}:${name}`;

/** The editors' API, with the session of one person. */
export class Api {
  #world;
  #token;
  /** The server's clock minus that of this computer, in milliseconds. */
  #ahead = 0;
  /** The name of the person's identity, such as `person:ann`. */
  person;

  /**
   * @param {{fetch: typeof fetch, now: () => number}} world
   * @param {Session} session whose person this is
   */
  constructor(world, session) {
    this.#world = world;
    this.person = idOf(session);
    this.#token = session.csrf_token ?? "";
  }

  /** The token of the session; it changes with every sign-in. */
  get token() {
    return this.#token;
  }

  /** Time by the server's clock, to a second, in milliseconds. */
  get now() {
    return this.#world.now() + this.#ahead;
  }

  /**
   * Send a request of this person.
   *
   * @param {string} method
   * @param {string} path
   * @param {{body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
   * @returns {Promise<Response>}
   * @throws {Unreachable}
   */
  async call(method, path, { body, headers, signal } = {}) {
    const deadline = AbortSignal.timeout(ANSWER_MILLISECONDS);
    const all = { ...headers, ...(method !== "GET" && { "stoppress-csrf": this.#token }) };
    try {
      const answer = await this.#world.fetch(path, {
        method,
        body,
        headers: all,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      this.#setClock(answer.headers.get("date"));
      return answer;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreachable(`${method} ${path} was not answered.`, { cause: error });
    }
  }

  /**
   * Ask whose session the browser has now.
   *
   * @returns {Promise<Who>}
   */
  async askWho() {
    try {
      const answer = await this.call("GET", "/api/session");
      if (answer.status === 401) return "none";
      const session = answer.ok ? await jsonOf(answer) : undefined;
      if (!session?.name) return "unknown";
      if (idOf(session) !== this.person) return "other";
      this.#token = session.csrf_token ?? "";
      return "same";
    } catch {
      return "unknown";
    }
  }

  /**
   * Send an intention.
   *
   * @param {Intention} intention
   * @param {number | null} epoch of its draft
   * @returns {Promise<Verdict>}
   * @throws {Unreachable}
   */
  async send({ method, path, body, key, ifMatch, draft }, epoch) {
    const headers = {
      "content-type": "application/json",
      "idempotency-key": key,
      ...(ifMatch && { "if-match": ifMatch }),
      ...(draft && epoch !== null && { "stoppress-draft": `${draft.id} ${epoch}` }),
    };
    const answer = await this.call(method, path, { body, headers });
    const content = await jsonOf(answer);
    if (content === BROKEN) throw new Unreachable(`The answer to ${method} ${path} broke off.`);
    return verdictOf(answer.status, answer.headers, content, this.#world.now());
  }

  /**
   * Take a draft over for this tab.
   *
   * @param {string} draft
   * @returns {Promise<number | null>} the epoch of its writes; null if the server gives none now
   */
  async takeOver(draft) {
    try {
      const answer = await this.call("PUT", `/api/session/drafts/${draft}`);
      const content = await jsonOf(answer);
      return answer.ok && Number.isInteger(content?.epoch) ? content.epoch : null;
    } catch {
      return null;
    }
  }

  /** @param {string | null} date */
  #setClock(date) {
    const at = Date.parse(date ?? "");
    if (!Number.isFinite(at)) return;
    const ahead = at + 500 - this.#world.now(); // the header leaves out the milliseconds
    if (Math.abs(ahead - this.#ahead) > 1_000) this.#ahead = ahead;
  }
}

const BROKEN = Symbol("an answer that broke off");

/**
 * Return the JSON of an answer, undefined if it has none.
 *
 * @param {Response} answer
 */
async function jsonOf(answer) {
  let text;
  try {
    text = await answer.text();
  } catch {
    return BROKEN;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
