/** One task on the bench: what is shown, what is asked, and what each key does with it. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Problem } from "../api/client";
import type { Answers, Assignment } from "../api/types";
import { isTyping, useKeys, type Keys } from "../app/useKeys";
import { ContentView } from "../content/Content";
import { answerByDigit, checkAnswers, kindOf } from "../questions/registry";
import { loadDraft, saveDraft } from "./drafts";
import { AskDialog } from "./AskDialog";
import { KeyBar } from "./KeyBar";
import { KeysDialog } from "./KeysDialog";
import { usePersonalSetting } from "./personalSetting";
import { QuestionPanel } from "./QuestionPanel";
import { SentDialog } from "./SentDialog";
import { SkipDialog } from "./SkipDialog";
import type { Sent, SubmitBody } from "./outbox";
import { followAnswer, useActiveQuestion } from "./useActiveQuestion";
import { useAnswers } from "./useAnswers";
import { useSpentTime } from "./useSpentTime";

interface TaskWorkProps {
  assignment: Assignment;
  project: string;
  person: string;
  number: number;
  instruction: string | null;
  problems: Problem[] | undefined;
  sent: Sent[];
  submit: (answers: Answers, spent_ms: number, presentation: SubmitBody["presentation"]) => void;
  giveBack: (reason: string, answers: Answers) => void;
}

/** The server points at /answers/<question>; anything else belongs to the whole task, under "". */
function byQuestion(problems: Problem[] | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const problem of problems ?? []) {
    const name = /^\/answers\/([^/]+)/.exec(problem.pointer)?.[1]?.replace(/~1/g, "/").replace(/~0/g, "~") ?? "";
    found[name] = found[name] === undefined ? problem.message : `${found[name]} ${problem.message}`;
  }
  return found;
}

export function TaskWork(props: TaskWorkProps) {
  const { assignment, project, person, number, submit, giveBack } = props;
  const { questions } = assignment.form;
  const [draft] = useState(() => loadDraft(person, project, assignment));
  const suggestion = draft === null ? assignment.task.suggestion : null;
  const spent = useSpentTime(draft?.spent_ms ?? 0);
  const keep = useCallback(
    (answers: Answers) => saveDraft(person, assignment.id, { answers, spent_ms: spent() }),
    [person, assignment.id, spent],
  );
  const { answers, set, undo, canUndo } = useAnswers(draft?.answers ?? suggestion ?? {}, keep);
  const { active, setActive, next, previous, moveOn, focusQuestion } = useActiveQuestion(questions, answers);
  const [refusedHere, setRefusedHere] = useState<Record<string, string>>(() => byQuestion(props.problems));
  const [zoomed, setZoomed] = useState(false);
  const [dialog, setDialog] = useState<"skip" | "ask" | "keys" | "sent" | null>(null);
  const [guideOpen, setGuideOpen] = usePersonalSetting(person, "guide-open", true);
  const [oneKey, setOneKey] = usePersonalSetting(person, "one-key", false);
  const heading = useRef<HTMLHeadingElement>(null);
  const note = useRef<HTMLInputElement>(null);
  const gone = useRef(false);

  const only = questions.length === 1 ? questions[0] : undefined;
  const oneKeyPossible = only !== undefined && kindOf(only)?.oneDigitAnswers === true;
  const hasImages = useMemo(() => assignment.task.content.blocks.some((block) => block.type === "image"), [assignment]);

  useEffect(() => {
    const first = questions[0];
    if (first !== undefined && kindOf(first)?.byDigit === undefined) focusQuestion(first.name);
    else heading.current?.focus();
    // Once, when the task comes on the bench.
  }, []);

  const send = (given: Answers) => {
    if (gone.current) return;
    const wrong = given.not_applicable === true ? {} : checkAnswers(questions, given);
    setRefusedHere(wrong);
    const firstWrong = questions.find((question) => wrong[question.name] !== undefined);
    if (firstWrong !== undefined) {
      focusQuestion(firstWrong.name);
      return;
    }
    gone.current = true;
    submit(given, spent(), { width: window.innerWidth, height: window.innerHeight, zoomed });
  };

  const press = (digit: string) => {
    const found = answerByDigit(questions, active, answers, digit);
    if (found === undefined) return;
    set(found.name, found.value);
    if (!found.answered) return;
    const given = { ...answers, [found.name]: found.value };
    if (oneKeyPossible && oneKey) send(given);
    else {
      followAnswer(found.name);
      moveOn(found.name, given);
    }
  };

  const leave = () => {
    if (isTyping(document.activeElement)) (document.activeElement as HTMLElement).blur();
    else if (active !== null) set(active, undefined);
  };

  const keys: Keys = {
    Enter: () => send(answers),
    "Ctrl+Enter": () => send(answers),
    Escape: leave,
    "Ctrl+z": undo,
    "Ctrl+ArrowLeft": () => setDialog("sent"),
    "]": next,
    "[": previous,
    "?": () => setDialog("keys"),
    s: () => setDialog("skip"),
    q: () => setDialog("ask"),
    n: () => note.current?.focus(),
    x: () => set("not_applicable", answers.not_applicable === true ? undefined : true),
    g: () => setGuideOpen(!guideOpen),
    ...(hasImages ? { z: () => setZoomed(!zoomed) } : {}),
  };
  for (const digit of "1234567890") keys[digit] = () => press(digit);
  useKeys(keys);

  return (
    <>
      <main className="bench-main" data-task={assignment.task.id}>
        <section className="canvas" aria-label="Content">
          <h2 ref={heading} tabIndex={-1} className="meta">
            Task {number}
          </h2>
          <ContentView content={assignment.task.content} zoomed={zoomed} />
        </section>
        <QuestionPanel
          assignment={assignment}
          answers={answers}
          problems={refusedHere}
          active={active}
          setActive={setActive}
          set={set}
          note={note}
          suggested={suggestion != null}
          instruction={props.instruction}
          guideOpen={guideOpen}
          setGuideOpen={setGuideOpen}
          oneKey={oneKeyPossible ? oneKey : null}
          setOneKey={setOneKey}
        />
      </main>
      <KeyBar
        submit={() => send(answers)}
        skip={() => setDialog("skip")}
        ask={() => setDialog("ask")}
        undo={canUndo ? undo : null}
        zoom={hasImages ? () => setZoomed(!zoomed) : null}
        zoomed={zoomed}
        showSent={() => setDialog("sent")}
        showKeys={() => setDialog("keys")}
      />
      {dialog === "keys" && <KeysDialog close={() => setDialog(null)} />}
      {dialog === "ask" && <AskDialog assignment={assignment.id} project={project} close={() => setDialog(null)} />}
      {dialog === "sent" && <SentDialog sent={props.sent} person={person} project={project} close={() => setDialog(null)} />}
      {dialog === "skip" && (
        <SkipDialog
          close={() => setDialog(null)}
          skip={(reason) => {
            gone.current = true;
            giveBack(reason, answers);
          }}
        />
      )}
    </>
  );
}
