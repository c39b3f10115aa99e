/** Why is this task given back? A reason in a word or a sentence; Enter gives it back. */

import { useState, type FormEvent } from "react";
import { Dialog } from "../app/Dialog";

const REASONS = ["I cannot tell", "The content is broken", "The guideline does not cover this", "Not in my language"];

export function SkipDialog({ skip, close }: { skip: (reason: string) => void; close: () => void }) {
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() !== "") skip(reason.trim());
  };
  return (
    <Dialog title="Skip this task" close={close}>
      <form onSubmit={submit}>
        <label htmlFor="skip-reason">Why?</label>
        <input id="skip-reason" type="text" autoComplete="off" value={reason} onChange={(event) => setReason(event.target.value)} />
        <div className="row wrap">
          {REASONS.map((known) => (
            <button key={known} type="button" onClick={() => skip(known)}>
              {known}
            </button>
          ))}
        </div>
        <footer>
          <button type="submit" className="primary" disabled={reason.trim() === ""}>
            Give it back <kbd>Enter</kbd>
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
