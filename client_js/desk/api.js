/**
 * @typedef {{status: number, ok: boolean, headers: Headers, body: any}} Answer `status` 0: the server was not reached
 * @typedef {{name: string, display_name: string, kind: string, role: string, blogs: string[], csrf_token: string}} Session
 */

/** The editors' API, with the session of this browser. */
export class Api {
  #token = "";

  /** Lets somebody sign in again when the session has ended. Returns whether there is a session then. */
  signInAgain = async () => false;

  /** @type {Promise<boolean> | null} */
  #signingIn = null;

  /** Return the session, or null if nobody is signed in. @returns {Promise<Session | null>} */
  async session() {
    const answer = await this.#ask("GET", "/api/session");
    if (answer.ok) this.#token = answer.body.csrf_token ?? "";
    return answer.ok ? answer.body : null;
  }

  /** Return whether there is a session, after somebody was asked to sign in again if there was none. */
  async hasSession() {
    if (await this.session()) return true;
    this.#signingIn ??= this.signInAgain().finally(() => (this.#signingIn = null));
    return this.#signingIn;
  }

  /**
   * @param {string} path
   * @param {AbortSignal} [signal]
   */
  get(path, signal) {
    return this.send("GET", path, undefined, {}, signal);
  }

  /**
   * Send a request. It never rejects. If the session has ended, it waits until somebody has signed in again.
   *
   * @param {string} method
   * @param {string} path
   * @param {any} [body] JSON, or a Blob, which is sent as it is
   * @param {Record<string, string>} [headers]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Answer>}
   */
  async send(method, path, body, headers = {}, signal) {
    const answer = await this.#ask(method, path, body, headers, signal);
    if (answer.status === 401 && path !== "/api/session") {
      return (await this.hasSession()) ? this.#ask(method, path, body, headers, signal) : answer;
    }
    if (answer.status === 403 && /Stoppress-CSRF/.test(answer.body?.detail ?? "")) {
      await this.session(); // another tab has signed in again
      return this.#ask(method, path, body, headers, signal);
    }
    return answer;
  }

  /**
   * Send what nobody waits for. If the session has ended, nobody is asked to sign in.
   *
   * @param {string} method
   * @param {string} path
   * @param {any} [body]
   */
  sendQuietly(method, path, body) {
    return this.#ask(method, path, body);
  }

  /** Send a DELETE while the page goes away. @param {string} path */
  leave(path) {
    fetch(path, { method: "DELETE", keepalive: true, headers: { "Stoppress-CSRF": this.#token } }).catch(() => {});
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {any} [body]
   * @param {Record<string, string>} [more]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Answer>}
   */
  async #ask(method, path, body, more = {}, signal) {
    /** @type {Record<string, string>} */
    const headers = { ...more };
    if (method !== "GET") headers["Stoppress-CSRF"] = this.#token;
    const isJson = body !== undefined && !(body instanceof Blob);
    if (isJson) headers["Content-Type"] = "application/json";
    try {
      const answer = await fetch(path, { method, headers, body: isJson ? JSON.stringify(body) : body, signal });
      const isText = /json/.test(answer.headers.get("Content-Type") ?? "");
      const content = isText ? await answer.json().catch(() => null) : null;
      return { status: answer.status, ok: answer.ok, headers: answer.headers, body: content };
    } catch {
      return { status: 0, ok: false, headers: new Headers(), body: null };
    }
  }
}

/**
 * Return what went wrong in a sentence.
 *
 * @param {Answer} answer
 */
export function errorText(answer) {
  if (answer.status === 0) return "The server cannot be reached. Check the connection, then try again.";
  return answer.body?.detail ?? `The server answered ${answer.status}. Try again.`;
}
