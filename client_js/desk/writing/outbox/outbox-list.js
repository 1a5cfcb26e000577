/** @import { Intention, Phase } from "../types.js" */
/** @import { OutboxDetail } from "./outbox.js" */

/**
 * What an editor can do with an intention.
 *
 * @typedef {object} Choices
 * @property {(intention: Intention) => void} edit put its words into the form
 * @property {(intention: Intention) => void} discard
 * @property {(intention: Intention) => void} decide open both versions
 * @property {() => void} hurry
 * @property {() => void} signIn
 */

/** @type {Record<Phase, string>} */
const SAID = {
  idle: "",
  sending: "Sending …",
  waiting: "Stoppress goes on trying.",
  offline: "No network. Stoppress sends it as soon as there is one.",
  "signed-out": "You are signed out. Sign in again, and it is sent.",
  "other-person": "Somebody else has signed in with this browser. It is sent when you sign in again.",
};

/** After this time, what is being sent counts as not sent yet. */
const SLOW_MILLISECONDS = 1_000;

/** Shows what is not sent yet, and what was given back. */
export class OutboxList {
  #section;
  #choices;
  #isLasting = true;
  /** @type {any} */
  #timer;

  /**
   * @param {HTMLElement} section
   * @param {() => Choices} choices
   */
  constructor(section, choices) {
    this.#section = section;
    this.#choices = choices;
  }

  /** @param {OutboxDetail} detail */
  show(detail) {
    clearTimeout(this.#timer);
    const { items, phase } = detail;
    const isCalm = phase === "sending" && items.every(({ state }) => state === "waiting");
    const youngest = Math.min(...items.map(({ made }) => Date.now() - made));
    if (items.length && isCalm && youngest < SLOW_MILLISECONDS) {
      this.#timer = setTimeout(() => this.show(detail), SLOW_MILLISECONDS - youngest);
      if (this.#section.hidden) return;
    }
    this.#render(detail);
  }

  /** @param {OutboxDetail} detail */
  #render({ items, phase, detail, isLasting }) {
    this.#isLasting = isLasting;
    const isSaid = items.length > 0 || phase === "signed-out" || phase === "other-person";
    this.#section.hidden = !isSaid;
    this.#section.dataset.phase = phase;
    const status = /** @type {HTMLElement} */ (this.#section.querySelector("[data-part=outbox-status]"));
    const hasWaiting = items.some(({ state }) => state === "waiting");
    const said = hasWaiting || !items.length ? [SAID[phase], detail, this.#warning()].filter(Boolean).join(" ") : "";
    if (status.textContent !== said) status.textContent = said;
    const tools = [];
    if (phase === "waiting" || phase === "offline") tools.push(button("Try now", () => this.#choices().hurry()));
    if (phase === "signed-out" || phase === "other-person") tools.push(button("Sign in", () => this.#choices().signIn()));
    this.#section.querySelector("[data-part=outbox-tools]")?.replaceChildren(...tools);
    this.#section.querySelector("ul")?.replaceChildren(...items.map((one) => this.#item(one)));
  }

  #warning() {
    return this.#isLasting ? "" : "This browser keeps nothing: do not close this page before it is sent.";
  }

  /** @param {Intention} intention */
  #item(intention) {
    const { state, label, problem, tried, draft } = intention;
    const item = document.createElement("li");
    item.dataset.state = state;
    const name = document.createElement("span");
    name.dir = "auto";
    name.textContent = label;
    item.append(name);
    if (problem) {
      const said = document.createElement("p");
      said.className = "error";
      said.setAttribute("role", "alert");
      said.textContent = problem.detail;
      item.append(said);
    }
    if (state === "conflict") item.append(button("Compare", () => this.#choices().decide(intention)));
    const isFree = state !== "waiting" || tried === null;
    if (draft && isFree && state !== "conflict") item.append(button("Back to the form", () => this.#choices().edit(intention)));
    if (isFree) item.append(button("Discard", () => this.#choices().discard(intention)));
    return item;
  }
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}
