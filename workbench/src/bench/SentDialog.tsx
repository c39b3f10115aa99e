/** What did I answer last? Answers of this visit to look at again, and those that were not taken. */

import { useState } from "react";
import { Dialog } from "../app/Dialog";
import { ContentView } from "../content/Content";
import { AnswerView, answerLine } from "../questions/AnswerView";
import type { Sent } from "./outbox";
import { RefusedList } from "./RefusedList";

const STATE_WORDS: Record<Sent["state"], string> = {
  sending: "on its way",
  saved: "saved",
  refused: "not taken",
  returned: "given back",
};

interface SentDialogProps {
  sent: Sent[];
  person: string;
  project: string;
  close: () => void;
}

export function SentDialog({ sent, person, project, close }: SentDialogProps) {
  const [chosen, setChosen] = useState(sent[0]?.assignment.id ?? null);
  const shown = sent.find((one) => one.assignment.id === chosen);
  return (
    <Dialog title="Last answers" close={close} wide>
      {sent.length === 0 && <p>You have not sent an answer in this visit yet.</p>}
      {sent.length > 0 && (
        <div className="sent">
          <ul className="plain-list" aria-label="Answers, newest first">
            {sent.map((one) => (
              <li key={one.assignment.id}>
                <button type="button" aria-pressed={one.assignment.id === chosen} onClick={() => setChosen(one.assignment.id)}>
                  <span>{answerLine(one.answers) || "no answer"}</span>
                  <span className="meta">{STATE_WORDS[one.state]}</span>
                </button>
              </li>
            ))}
          </ul>
          {shown !== undefined && (
            <div className="sent-shown">
              <ContentView content={shown.assignment.task.content} />
              <dl className="answer-list">
                {shown.assignment.form.questions.map((question) => (
                  <div key={question.name}>
                    <dt>{question.title ?? question.name}</dt>
                    <dd>
                      <AnswerView question={question} answers={shown.answers} />
                    </dd>
                  </div>
                ))}
              </dl>
            </div>
          )}
        </div>
      )}
      <RefusedList person={person} project={project} />
    </Dialog>
  );
}
