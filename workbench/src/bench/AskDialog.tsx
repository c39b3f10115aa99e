/** What is unclear about this task? Asked once, answered once; what was clarified for all stands below. */

import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf, post } from "../api/client";
import { Dialog } from "../app/Dialog";
import { useClarifications } from "../reviewing/queries";

export function AskDialog({ assignment, project, close }: { assignment: string; project: string; close: () => void }) {
  const [text, setText] = useState("");
  const clarifications = useClarifications(project);
  const send = useMutation({ mutationFn: () => post(`/api/assignments/${assignment}/ask`, { text: text.trim() }), onSuccess: close });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") send.mutate();
  };
  const items = clarifications.data?.items ?? [];
  return (
    <Dialog title="Ask about this task" close={close}>
      <form onSubmit={submit}>
        <label htmlFor="ask-text">What is unclear?</label>
        <textarea id="ask-text" rows={3} maxLength={4000} value={text} onChange={(event) => setText(event.target.value)} />
        {send.isError && (
          <p className="problem" role="alert">
            {messageOf(send.error)}
          </p>
        )}
        {items.length > 0 && (
          <>
            <h3>Clarified already</h3>
            <dl className="clarified">
              {items.map(({ id, asked, answer }) => (
                <div key={id}>
                  <dt className="kept-text">{asked}</dt>
                  <dd className="kept-text">{answer}</dd>
                </div>
              ))}
            </dl>
          </>
        )}
        <footer>
          <button type="submit" className="primary" disabled={send.isPending || text.trim() === ""}>
            Ask
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
