/** @import { Desk } from "../types.js" */
import { make } from "../ui/dom.js";

/** @typedef {{tab: string, who: string, name: string, editing: string | null, at: string}} Present */

const REPEAT_MS = 10_000;
/** Maximum number of circles. Colleagues who are writing come first; if there are more, the last circle counts them. */
const CIRCLES = 4;

/**
 * Tell colleagues that this tab is here and what it edits, and show who else is.
 *
 * @param {Desk} desk
 * @param {HTMLElement} list
 */
export function startPresence(desk, list) {
  const path = `/api/blogs/${desk.blog}/presence`;
  /** @type {string | null} */
  let editing = null;
  /** @type {Present[]} */
  let people = [];

  const tell = () => void desk.api.sendQuietly("PUT", path, { tab: desk.tab, editing });
  const timer = setInterval(tell, REPEAT_MS);
  addEventListener("pagehide", () => {
    clearInterval(timer);
    desk.api.leave(`${path}?tab=${desk.tab}`);
  });
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  tell();

  return {
    /** @param {string | null} what */
    set(what) {
      if (what === editing) return;
      editing = what;
      tell();
    },
    /** @param {Present[]} now */
    show(now) {
      people = now;
      const names = new Map(people.map(({ who, name }) => [who, name]));
      const others = [...names].filter(([who]) => who !== `person:${desk.session.name}`);
      const shown = others.map(([who, name]) => {
        const does = people.filter((one) => one.who === who && one.editing).map(({ editing: what }) => (what === "new" ? "writing" : "editing"));
        return { name, isBusy: does.length > 0, title: does.length ? `${name}, ${does[0]}` : name };
      });
      shown.sort((one, other) => Number(other.isBusy) - Number(one.isBusy));
      const rest = shown.length > CIRCLES ? shown.splice(CIRCLES - 1) : [];
      list.replaceChildren(...shown.map((one) => circle(one.title, initials(one.name), one.isBusy)));
      if (rest.length) list.append(circle(rest.map(({ title }) => title).join("\n"), `+${rest.length}`, false));
      list.hidden = !others.length;
    },
    /** Return the names of the colleagues who edit an entry. @param {string} id */
    editorsOf(id) {
      return [...new Set(people.filter((one) => one.editing === id && one.tab !== desk.tab).map(({ name }) => name))];
    },
  };
}

/**
 * @param {string} title
 * @param {string} text
 * @param {boolean} isBusy
 */
function circle(title, text, isBusy) {
  const label = make("span", { "aria-hidden": "true" }, text);
  return make("li", { title, class: isBusy ? "busy" : "" }, label, make("span", { class: "quiet" }, title));
}

/** @param {string} name */
function initials(name) {
  const words = name.split(/[\s._-]+/u).filter(Boolean);
  return [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => [...(word ?? "")][0] ?? "").join("");
}
