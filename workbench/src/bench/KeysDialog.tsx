/** Which keys are there on the bench? */

import { Dialog } from "../app/Dialog";
import { commandKey } from "./commandKey";

const KEYS: [string, string][] = [
  ["0 to 9", "choose the option or grade that shows this key"],
  ["[ and ]", "previous and next question"],
  ["Enter", "submit and go on"],
  [`${commandKey}Enter`, "submit, also from inside a text"],
  ["Esc", "leave a text; else take the answer back"],
  [`${commandKey}Z`, "undo the last change"],
  ["S", "skip: give the task back with a reason"],
  ["Q", "ask about the task, and read what was clarified"],
  ["X", "not applicable"],
  ["N", "write a note"],
  ["G", "show or hide the guideline"],
  ["Z", "zoom into an image"],
  [`${commandKey}←`, "the last answers of this visit"],
  ["?", "this list"],
];

export function KeysDialog({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl className="key-list">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
