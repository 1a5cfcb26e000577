/**
 * Return a new element. Text in it is text, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | boolean | EventListener | undefined>} [attributes] listeners begin with `on`; `true` stands for an empty value, `false` for none
 * @param {(Node | string)[]} content
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...content);
  return element;
}

/**
 * Return a button. With `keys` it says its shortcut to all who ask for it.
 *
 * @param {string} label
 * @param {string} action the value of `data-do`
 * @param {{keys?: string, class?: string, pressed?: boolean, name?: string}} [more] `name`: what a screen reader says
 */
export function button(label, action, more = {}) {
  return make(
    "button",
    {
      type: "button",
      class: more.class ?? "button",
      "data-do": action,
      "aria-keyshortcuts": more.keys,
      title: more.keys && `${label} (${more.keys})`,
      "aria-pressed": more.pressed === undefined ? undefined : String(more.pressed),
      "aria-label": more.name,
    },
    label,
  );
}

/**
 * Return an element that must be there.
 *
 * @param {ParentNode} root
 * @param {string} selector
 */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/** Return whether an element takes what is typed. @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  const input = target.closest("input, textarea, select");
  return Boolean(input) && !/^(checkbox|radio|button|submit|file)$/.test(input?.getAttribute("type") ?? "");
}

/** Return a count with its noun. @param {number} number @param {string} one @param {string} [many] */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
