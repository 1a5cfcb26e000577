/*
@github/hotkey 3.1.4, made by `npm run vendor`. Do not edit.

Copyright (c) 2019-2020 GitHub, Inc.

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/
var Leaf = class {
  constructor(trie) {
    this.children = [];
    this.parent = trie;
  }
  delete(value) {
    const index = this.children.indexOf(value);
    if (index === -1)
      return false;
    this.children = this.children.slice(0, index).concat(this.children.slice(index + 1));
    if (this.children.length === 0) {
      this.parent.delete(this);
    }
    return true;
  }
  add(value) {
    this.children.push(value);
    return this;
  }
};
var RadixTrie = class _RadixTrie {
  constructor(trie) {
    this.parent = null;
    this.children = {};
    this.parent = trie || null;
  }
  get(edge) {
    return this.children[edge];
  }
  insert(edges) {
    let currentNode = this;
    for (let i = 0; i < edges.length; i += 1) {
      const edge = edges[i];
      let nextNode = currentNode.get(edge);
      if (i === edges.length - 1) {
        if (nextNode instanceof _RadixTrie) {
          currentNode.delete(nextNode);
          nextNode = null;
        }
        if (!nextNode) {
          nextNode = new Leaf(currentNode);
          currentNode.children[edge] = nextNode;
        }
        return nextNode;
      } else {
        if (nextNode instanceof Leaf)
          nextNode = null;
        if (!nextNode) {
          nextNode = new _RadixTrie(currentNode);
          currentNode.children[edge] = nextNode;
        }
      }
      currentNode = nextNode;
    }
    return currentNode;
  }
  delete(node) {
    for (const edge in this.children) {
      const currentNode = this.children[edge];
      if (currentNode === node) {
        const success = delete this.children[edge];
        if (Object.keys(this.children).length === 0 && this.parent) {
          this.parent.delete(this);
        }
        return success;
      }
    }
    return false;
  }
};
var macosSymbolLayerKeys = {
  ["¡"]: "1",
  ["™"]: "2",
  ["£"]: "3",
  ["¢"]: "4",
  ["∞"]: "5",
  ["§"]: "6",
  ["¶"]: "7",
  ["•"]: "8",
  ["ª"]: "9",
  ["º"]: "0",
  ["–"]: "-",
  ["≠"]: "=",
  ["⁄"]: "!",
  ["€"]: "@",
  ["‹"]: "#",
  ["›"]: "$",
  ["ﬁ"]: "%",
  ["ﬂ"]: "^",
  ["‡"]: "&",
  ["°"]: "*",
  ["·"]: "(",
  ["‚"]: ")",
  ["—"]: "_",
  ["±"]: "+",
  ["œ"]: "q",
  ["∑"]: "w",
  ["®"]: "r",
  ["†"]: "t",
  ["¥"]: "y",
  ["ø"]: "o",
  ["π"]: "p",
  ["“"]: "[",
  ["‘"]: "]",
  ["«"]: "\\",
  ["Œ"]: "Q",
  ["„"]: "W",
  ["´"]: "E",
  ["‰"]: "R",
  ["ˇ"]: "T",
  ["Á"]: "Y",
  ["¨"]: "U",
  ["ˆ"]: "I",
  ["Ø"]: "O",
  ["∏"]: "P",
  ["”"]: "{",
  ["’"]: "}",
  ["»"]: "|",
  ["å"]: "a",
  ["ß"]: "s",
  ["∂"]: "d",
  ["ƒ"]: "f",
  ["©"]: "g",
  ["˙"]: "h",
  ["∆"]: "j",
  ["˚"]: "k",
  ["¬"]: "l",
  ["…"]: ";",
  ["æ"]: "'",
  ["Å"]: "A",
  ["Í"]: "S",
  ["Î"]: "D",
  ["Ï"]: "F",
  ["˝"]: "G",
  ["Ó"]: "H",
  ["Ô"]: "J",
  [""]: "K",
  ["Ò"]: "L",
  ["Ú"]: ":",
  ["Æ"]: '"',
  ["Ω"]: "z",
  ["≈"]: "x",
  ["ç"]: "c",
  ["√"]: "v",
  ["∫"]: "b",
  ["µ"]: "m",
  ["≤"]: ",",
  ["≥"]: ".",
  ["÷"]: "/",
  ["¸"]: "Z",
  ["˛"]: "X",
  ["Ç"]: "C",
  ["◊"]: "V",
  ["ı"]: "B",
  ["˜"]: "N",
  ["Â"]: "M",
  ["¯"]: "<",
  ["˘"]: ">",
  ["¿"]: "?"
};
var macosUppercaseLayerKeys = {
  ["`"]: "~",
  ["1"]: "!",
  ["2"]: "@",
  ["3"]: "#",
  ["4"]: "$",
  ["5"]: "%",
  ["6"]: "^",
  ["7"]: "&",
  ["8"]: "*",
  ["9"]: "(",
  ["0"]: ")",
  ["-"]: "_",
  ["="]: "+",
  ["["]: "{",
  ["]"]: "}",
  ["\\"]: "|",
  [";"]: ":",
  ["'"]: '"',
  [","]: "<",
  ["."]: ">",
  ["/"]: "?",
  ["q"]: "Q",
  ["w"]: "W",
  ["e"]: "E",
  ["r"]: "R",
  ["t"]: "T",
  ["y"]: "Y",
  ["u"]: "U",
  ["i"]: "I",
  ["o"]: "O",
  ["p"]: "P",
  ["a"]: "A",
  ["s"]: "S",
  ["d"]: "D",
  ["f"]: "F",
  ["g"]: "G",
  ["h"]: "H",
  ["j"]: "J",
  ["k"]: "K",
  ["l"]: "L",
  ["z"]: "Z",
  ["x"]: "X",
  ["c"]: "C",
  ["v"]: "V",
  ["b"]: "B",
  ["n"]: "N",
  ["m"]: "M"
};
var syntheticKeyNames = {
  " ": "Space",
  "+": "Plus"
};
function eventToHotkeyString(event, platform = navigator.platform) {
  var _a, _b, _c;
  const { ctrlKey, altKey, metaKey, shiftKey, key } = event;
  const hotkeyString = [];
  const modifiers = [ctrlKey, altKey, metaKey, shiftKey];
  for (const [i, mod] of modifiers.entries()) {
    if (mod)
      hotkeyString.push(modifierKeyNames[i]);
  }
  if (!modifierKeyNames.includes(key)) {
    const altNormalizedKey = hotkeyString.includes("Alt") && matchApplePlatform.test(platform) ? (_a = macosSymbolLayerKeys[key]) !== null && _a !== void 0 ? _a : key : key;
    const shiftNormalizedKey = hotkeyString.includes("Shift") && matchApplePlatform.test(platform) ? (_b = macosUppercaseLayerKeys[altNormalizedKey]) !== null && _b !== void 0 ? _b : altNormalizedKey : altNormalizedKey;
    const syntheticKey = (_c = syntheticKeyNames[shiftNormalizedKey]) !== null && _c !== void 0 ? _c : shiftNormalizedKey;
    hotkeyString.push(syntheticKey);
  }
  return hotkeyString.join("+");
}
var modifierKeyNames = ["Control", "Alt", "Meta", "Shift"];
var matchApplePlatform = /Mac|iPod|iPhone|iPad/i;
var SEQUENCE_DELIMITER = " ";
var SequenceTracker = class _SequenceTracker {
  constructor({ onReset } = {}) {
    this._path = [];
    this.timer = null;
    this.onReset = onReset;
  }
  get path() {
    return this._path;
  }
  get sequence() {
    return this._path.join(SEQUENCE_DELIMITER);
  }
  registerKeypress(event) {
    this._path = [...this._path, eventToHotkeyString(event)];
    this.startTimer();
  }
  reset() {
    var _a;
    this.killTimer();
    this._path = [];
    (_a = this.onReset) === null || _a === void 0 ? void 0 : _a.call(this);
  }
  killTimer() {
    if (this.timer != null) {
      window.clearTimeout(this.timer);
    }
    this.timer = null;
  }
  startTimer() {
    this.killTimer();
    this.timer = window.setTimeout(() => this.reset(), _SequenceTracker.CHORD_TIMEOUT);
  }
};
SequenceTracker.CHORD_TIMEOUT = 1500;
var hotkeyRadixTrie = new RadixTrie();
var currentTriePosition = hotkeyRadixTrie;
var sequenceTracker = new SequenceTracker({
  onReset() {
    currentTriePosition = hotkeyRadixTrie;
  }
});
export {
  eventToHotkeyString
};
