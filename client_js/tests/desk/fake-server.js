/** A server of the editors' API that remembers Idempotency-Keys, and breaks when a test says so. */
export class FakeServer {
  /** @type {Map<string, {status: number, body: any}>} Answers by key. */
  #answers = new Map();
  /** @type {any[]} */
  entries = [];
  /** @type {{method: string, path: string, headers: Headers, body: any}[]} */
  requests = [];
  /** What happens to the next writes: `lost` before or `unanswered` after they are carried out, or a status. @type {(string | number)[]} */
  faults = [];
  person = "ann";
  token = "token";
  signedOut = false;
  /** @type {Map<string, number>} */
  epochs = new Map();

  /** @type {any} */
  fetch = async (/** @type {string} */ path, /** @type {any} */ { method, headers, body }) => {
    await null;
    const request = { method, path, headers: new Headers(headers), body: body ? JSON.parse(body) : null };
    if (path === "/api/session") return this.#session();
    if (path.startsWith("/api/session/drafts/")) return this.#takeOver(path.split("/").pop() ?? "");
    this.requests.push(request);
    const fault = this.faults.shift();
    if (fault === "lost") throw new TypeError("Failed to fetch");
    if (typeof fault === "number") return respond(fault, { detail: `${fault}` });
    if (this.signedOut) return respond(401, { detail: "Sign in." });
    if (request.headers.get("stoppress-csrf") !== this.token) return respond(403, { detail: "Stoppress-CSRF is wrong." });
    const answer = this.#answer(request);
    if (fault === "unanswered") throw new TypeError("Failed to fetch");
    return answer;
  };

  #session() {
    if (this.signedOut) return respond(401, {});
    return respond(200, { kind: "person", name: this.person, csrf_token: this.token });
  }

  /** @param {string} draft */
  #takeOver(draft) {
    const epoch = (this.epochs.get(draft) ?? 0) + 1;
    this.epochs.set(draft, epoch);
    return respond(200, { epoch });
  }

  /** @param {{method: string, path: string, headers: Headers, body: any}} request */
  #answer({ method, path, headers, body }) {
    const key = headers.get("idempotency-key") ?? "";
    const known = this.#answers.get(key);
    if (known) return respond(known.status, known.body, known.body.version);
    const [draft, epoch] = (headers.get("stoppress-draft") ?? " ").split(" ");
    const newest = this.epochs.get(draft);
    if (newest !== undefined && Number(epoch) !== newest) return respond(409, { detail: "Taken.", draft, epoch: newest });
    const id = method === "POST" ? `e${this.entries.length + 1}` : path.split("/").pop();
    const old = this.entries.find((one) => one.id === id);
    const wanted = headers.get("if-match");
    if (old && wanted && wanted !== `"${old.version}"`) return respond(412, { detail: "Changed.", entry: old }, old.version);
    const entry = { ...old, id, ...body, version: (old?.version ?? 0) + 1 };
    this.entries = [...this.entries.filter((one) => one !== old), entry];
    this.#answers.set(key, { status: old ? 200 : 201, body: entry });
    return respond(old ? 200 : 201, entry, entry.version);
  }
}

/**
 * @param {number} status
 * @param {any} body
 * @param {number} [version]
 */
function respond(status, body, version) {
  const headers = { "content-type": "application/json", ...(version && { etag: `"${version}"`, "stoppress-cursor": "1-a" }) };
  return new Response(JSON.stringify(body), { status, headers });
}
