/** Why is this rejected, or given back? In a sentence; of several answers those that are meant may be marked. */

import { useState, type FormEvent } from "react";
import { Dialog } from "../app/Dialog";

interface ReasonDialogProps {
  title: string;
  question: string;
  action: string;
  choices: { value: string; title: string }[];
  give: (reason: string, chosen: string[]) => void;
  close: () => void;
}

export function ReasonDialog({ title, question, action, choices, give, close }: ReasonDialogProps) {
  const [reason, setReason] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() !== "") give(reason.trim(), chosen);
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={submit}>
        <label htmlFor="reason">{question}</label>
        <input id="reason" type="text" autoComplete="off" maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
        {choices.length > 0 && (
          <fieldset>
            <legend>Which? All, where none is marked.</legend>
            {choices.map(({ value, title: name }) => (
              <label key={value} className="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(value)}
                  onChange={(event) => setChosen(event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))}
                />
                <span>{name}</span>
              </label>
            ))}
          </fieldset>
        )}
        <footer>
          <button type="submit" className="primary" disabled={reason.trim() === ""}>
            {action} <kbd>Enter</kbd>
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
