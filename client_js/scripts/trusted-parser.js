/**
 * Stands for the browser's `DOMParser` in packages of desk/vendor/: Trusted Types do not let them parse a string, and
 * only `src/view/html.js` may turn one into HTML.
 */
export class DOMParser {
  /**
   * The function that parses; the desk sets it.
   *
   * @type {(html: string) => Document}
   */
  static parse = () => {
    throw new Error("Set DOMParser.parse first.");
  };

  /** @param {string} html */
  parseFromString(html) {
    return DOMParser.parse(html);
  }
}
