/** @import { Shortcut } from "../ui/keys.js" */
/** @import { Timeline } from "./timeline.js" */
import { actionsOf } from "./row.js";

/**
 * Return the shortcuts of the desk.
 *
 * @param {Timeline} timeline
 * @param {(action: string, id: string) => unknown} act
 * @param {{write(): unknown, search(): unknown, retractSelected(): unknown}} others
 * @returns {Shortcut[]}
 */
export function shortcutsOf(timeline, act, others) {
  /** Do something with the current entry if it can be done with it. @param {string} key */
  const onCurrent = (key) => () => {
    const found = timeline.around(timeline.current);
    if (!found) return timeline.move(1);
    const action = actionsOf(timeline.desk, found.one.entry, found.group).find(([, , keys]) => keys === key);
    if (action) act(action[1], timeline.current);
    else if (key === "r" && timeline.selected.size) others.retractSelected();
  };
  const approve = () => {
    const found = timeline.around(timeline.current);
    if (found && found.one.entry.status === "draft") return onCurrent("a")();
    const [first] = timeline.entries.sorted().submitted;
    if (first) timeline.focus(first.entry.id);
  };
  const undo = () => {
    const [first] = timeline.entries.sorted().undo;
    if (first) act("undo", first.entry.id);
  };
  const retract = () => (timeline.selected.size ? others.retractSelected() : onCurrent("r")());
  return [
    { keys: ["j"], does: "next entry", act: () => timeline.move(1) },
    { keys: ["k"], does: "previous entry", act: () => timeline.move(-1) },
    { keys: ["n"], does: "write a new entry", act: others.write },
    { keys: ["/"], does: "search", act: others.search },
    { keys: ["a"], does: "approve: publish a submission or a draft (goes to the first submission otherwise)", act: approve },
    { keys: ["b"], does: "send a submission back", act: onCurrent("b") },
    { keys: ["u"], does: "undo: take back what is about to be published", act: undo },
    { keys: ["e"], does: "edit", act: onCurrent("e") },
    { keys: ["c"], does: "correct, with a note for readers", act: onCurrent("c") },
    { keys: ["r"], does: "retract the entry, or all selected ones", act: retract },
    { keys: ["p"], does: "pin, or unpin", act: onCurrent("p") },
    { keys: ["K", "Shift+K"], does: "key event, or not", act: onCurrent("K") },
    { keys: ["B", "Shift+B"], does: "breaking, or not", act: onCurrent("B") },
    { keys: ["s"], does: "schedule a draft", act: onCurrent("s") },
    { keys: ["x"], does: "let it expire at a time", act: onCurrent("x") },
    { keys: ["v"], does: "versions and their differences", act: onCurrent("v") },
    { keys: ["Space", " "], does: "select, to retract several at once", act: () => timeline.current && timeline.toggle(timeline.current) },
  ];
}
