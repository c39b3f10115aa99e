/** Which answers did the server not take? They stay in this browser, with the reason, until they are thrown away. */

import { useState } from "react";
import { answerLine } from "../questions/AnswerView";
import { dropRefused, storedRefused } from "./outbox";

export function RefusedList({ person, project }: { person: string; project: string }) {
  const [refused, setRefused] = useState(() => storedRefused(person, project));
  if (refused.length === 0) return null;
  return (
    <section className="refused">
      <h3>Not taken, kept for you</h3>
      <ul className="plain-list">
        {refused.map((one) => (
          <li key={one.assignment} className="row">
            <span className="grow">
              {answerLine(one.answers)} <span className="meta block">{one.why}</span>
            </span>
            <button
              type="button"
              onClick={() => {
                dropRefused(person, one.assignment);
                setRefused(refused.filter((other) => other !== one));
              }}
            >
              Throw away
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
