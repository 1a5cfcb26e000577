/** The commands that an editor types behind a slash, and snippets. */

/**
 * @typedef {object} Command
 * @property {string} name what is typed behind the slash
 * @property {string} hint what it does
 * @property {"key" | "breaking" | "pinned"} [flag] that it sets
 * @property {string} [text] that it writes; what is between ⟨ and ⟩ is selected
 * @property {boolean} [isOwn] whether the editor has made it
 * @property {"snippets"} [opens]
 */

/** @type {Command[]} */
const COMMANDS = [
  { name: "key", hint: "Mark as a key event", flag: "key" },
  { name: "breaking", hint: "Mark as breaking", flag: "breaking" },
  { name: "pin", hint: "Pin to the top", flag: "pinned" },
  { name: "quote", hint: "A quotation and who said it", text: "> ⟨What was said⟩\n>\n> — **Name**, role\n" },
  { name: "goal", hint: "A goal in a match", text: "**GOAL! ⟨Home 1–0 Away⟩** (minute) Player\n\n" },
];

/** Opens the dialog for snippets. @type {Command} */
const SNIPPETS = { name: "snippets", hint: "Write or change your snippets", opens: "snippets" };

/** The most snippets, and the most characters of a name and a text. */
export const MAX_SNIPPETS = 100;
export const MAX_NAME = 30;
export const MAX_TEXT = 5_000;

/**
 * A text with a name of the editor's own.
 *
 * @typedef {{name: string, text: string}} Snippet
 */

/**
 * Return the commands that begin with what was typed, in the order of the menu.
 *
 * @param {string} typed behind the slash
 * @param {Snippet[]} snippets
 * @returns {Command[]}
 */
export function commandsFor(typed, snippets) {
  const own = snippets.map(({ name, text }) => ({ name, text, hint: firstLine(text), isOwn: true }));
  const wanted = typed.toLowerCase();
  return [...COMMANDS, ...own, SNIPPETS].filter(({ name }) => name.toLowerCase().startsWith(wanted)).slice(0, 12);
}

/**
 * Return a text without its marks, and the part between them.
 *
 * @param {string} text
 * @returns {{text: string, selected: [number, number]}}
 */
export function withoutMarks(text) {
  const [start, end] = [text.indexOf("⟨"), text.indexOf("⟩")];
  if (start < 0 || end < start) return { text, selected: [text.length, text.length] };
  return { text: text.slice(0, start) + text.slice(start + 1, end) + text.slice(end + 1), selected: [start, end - 1] };
}

/**
 * Return what is wrong with a snippet, or null.
 *
 * @param {Snippet} snippet
 * @param {Snippet[]} others
 */
export function faultOf({ name, text }, others) {
  if (!/^[\p{L}\p{N}_-]+$/u.test(name)) return `A name has letters, digits, - and _, without spaces; got “${name}”.`;
  if (name.length > MAX_NAME) return `A name has at most ${MAX_NAME} characters; “${name}” has ${name.length}.`;
  if (!text) return `“${name}” has no text. Write one, or remove the snippet.`;
  if (text.length > MAX_TEXT) return `A text has at most ${MAX_TEXT} characters; that of “${name}” has ${text.length}.`;
  const isTaken = [...COMMANDS, SNIPPETS, ...others].some((one) => one.name.toLowerCase() === name.toLowerCase());
  return isTaken ? `There is a command “${name}” already. Choose another name.` : null;
}

/** @param {string} text */
const firstLine = (text) => text.trim().split("\n", 1)[0].slice(0, 60);
