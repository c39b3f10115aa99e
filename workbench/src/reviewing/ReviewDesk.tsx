/** What does this reviewer say of the next answer? One task at a time: its answers as A, B, C, and a verdict by key. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { messageOf, post } from "../api/client";
import { percent } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { useKeys } from "../app/useKeys";
import { ContentView } from "../content/Content";
import { AnswerView } from "../questions/AnswerView";
import { QuestionFields } from "../questions/QuestionFields";
import { nextReview, useNextReview } from "./queries";
import { ReasonDialog } from "./ReasonDialog";
import type { Claimed, ReviewItem, Verdict } from "./types";
import { useFilledIn } from "./useFilledIn";

const WHY: Record<string, string> = {
  sampled: "Drawn at random.",
  confidence: "Its confidence is low.",
  tie: "Its answers are a tie.",
  disagreement: "Its answers differ.",
  changed: "A later fit says otherwise than what was accepted.",
  escalated: "An annotator asks for a reviewer.",
  level: "The level below has passed it.",
};

export function ReviewDesk({ slug }: { slug: string }) {
  const next = useNextReview(slug);
  const client = useQueryClient();
  const goOn = async (claimed?: Claimed) => {
    client.setQueryData(["next review", slug], claimed ?? (await nextReview(slug)));
    void client.invalidateQueries({ queryKey: ["project", slug] });
  };
  if (next.isPending) return <Loading />;
  if (next.isError) return <Failure error={next.error} retry={() => void next.refetch()} />;
  const item = next.data.items[0];
  if (item === undefined) {
    return (
      <div className="row wrap">
        <p role="status">{next.data.because ?? "Nothing to review for you now."}</p>
        <button type="button" onClick={() => void next.refetch()}>
          Look again
        </button>
      </div>
    );
  }
  return <Desk key={`${item.id} ${item.lease_until}`} item={item} rest={next.data.items.slice(1)} goOn={goOn} />;
}

interface DeskProps {
  item: ReviewItem;
  /** What the reviewer holds besides. */
  rest: ReviewItem[];
  goOn: (claimed?: Claimed) => Promise<void>;
}

function Desk({ item, rest, goOn }: DeskProps) {
  const [asking, setAsking] = useState<"reject" | "return" | null>(null);
  const [fixing, setFixing] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const attempt = useRef(crypto.randomUUID());
  const first = item.answers[0];
  const filled = useFilledIn(item.form, item.consensus?.answers ?? first?.answers ?? {});
  useEffect(() => heading.current?.focus(), []);

  const say = useMutation({
    mutationFn: (said: Verdict) =>
      post<{ next: ReviewItem[] }>(`/api/reviews/${item.id}/submit`, { ...said, claim: rest.length > 0 ? 0 : 1 }, { "Idempotency-Key": attempt.current }),
    onSuccess: ({ next }) => goOn(rest.length > 0 ? { items: rest } : next.length > 0 ? { items: next } : undefined),
    onError: (error) => {
      attempt.current = crypto.randomUUID();
      filled.refused(error);
    },
  });
  const giveBack = useMutation({
    mutationFn: (reason: string) => post(`/api/reviews/${item.id}/return`, { reason }),
    onSuccess: () => goOn(rest.length > 0 ? { items: rest } : undefined),
  });
  const busy = say.isPending || giveBack.isPending;
  const accept = () => {
    if (!busy && item.consensus !== null) say.mutate({ verdict: "accept" });
  };
  const fix = () => {
    if (!busy && filled.sound()) say.mutate({ verdict: "fix", answers: filled.answers });
  };
  useKeys({
    a: accept,
    f: () => setFixing(true),
    r: () => setAsking("reject"),
    s: () => setAsking("return"),
    Escape: () => setFixing(false),
    ...(fixing ? { ...filled.digits, Enter: fix, "Ctrl+Enter": fix } : {}),
  });
  const failed = say.error ?? giveBack.error;
  return (
    <section className="desk" aria-labelledby="desk-title" data-review={item.id}>
      <div className="section-head">
        <h2 id="desk-title" ref={heading} tabIndex={-1}>
          For your verdict
        </h2>
        <p className="meta">
          Level {item.level}. {WHY[item.why] ?? item.why}
        </p>
      </div>
      {item.said !== null && <p className="notice kept-text">It said: {item.said}</p>}
      <div className="desk-parts">
        <div>
          {item.instruction !== "" && (
            <details className="guide">
              <summary>Guideline</summary>
              <div className="kept-text">{item.instruction}</div>
            </details>
          )}
          {item.task.content === null ? <p className="notice">The content was erased.</p> : <ContentView content={item.task.content} />}
        </div>
        <div>
          {fixing ? <QuestionFields {...filled.fields} /> : <AnswersSide item={item} />}
        </div>
      </div>
      {failed !== null && (
        <div className="problem row wrap" role="alert">
          <p>{messageOf(failed)}</p>
          <button type="button" onClick={() => void goOn()}>
            Next review
          </button>
        </div>
      )}
      <div className="row wrap desk-keys">
        <button type="button" disabled={busy} onClick={() => setAsking("return")}>
          Give back <kbd>S</kbd>
        </button>
        <button type="button" disabled={busy} onClick={() => setAsking("reject")}>
          Reject <kbd>R</kbd>
        </button>
        {fixing ? (
          <>
            <button type="button" disabled={busy} onClick={() => setFixing(false)}>
              Leave the fix <kbd>Esc</kbd>
            </button>
            <button type="button" className="primary" disabled={busy} onClick={fix}>
              Send the fix <kbd>Enter</kbd>
            </button>
          </>
        ) : (
          <>
            <button type="button" disabled={busy} onClick={() => setFixing(true)}>
              Fix <kbd>F</kbd>
            </button>
            <button type="button" className="primary" disabled={busy || item.consensus === null} onClick={accept}>
              Accept <kbd>A</kbd>
            </button>
          </>
        )}
      </div>
      {asking === "reject" && (
        <ReasonDialog
          title="Reject"
          question="Why? Who answered is told."
          action="Reject"
          choices={item.answers.length > 1 ? item.answers.map(({ judgment, by }) => ({ value: judgment, title: `Answer ${by}` })) : []}
          close={() => setAsking(null)}
          give={(reason, chosen) => {
            setAsking(null);
            say.mutate({ verdict: "reject", reason, ...(chosen.length > 0 ? { judgments: chosen } : {}) });
          }}
        />
      )}
      {asking === "return" && (
        <ReasonDialog
          title="Give back this review"
          question="Why? It goes to another reviewer."
          action="Give it back"
          choices={[]}
          close={() => setAsking(null)}
          give={(reason) => {
            setAsking(null);
            giveBack.mutate(reason);
          }}
        />
      )}
    </section>
  );
}

function AnswersSide({ item }: { item: ReviewItem }) {
  const { consensus } = item;
  return (
    <dl className="answers-side">
      {consensus !== null && (
        <div className="value">
          <dt>
            The answer now{" "}
            <span className="meta tabular">
              {percent(consensus.confidence)}
              {consensus.tie && ", a tie"}
            </span>
          </dt>
          <dd>
            <Said item={item} answers={consensus.answers} />
          </dd>
        </div>
      )}
      {item.answers.map(({ judgment, by, answers }) => (
        <div key={judgment}>
          <dt>Answer {by}</dt>
          <dd>
            <Said item={item} answers={answers} />
          </dd>
        </div>
      ))}
      {item.answers.length === 0 && <p className="meta">Nobody has answered yet. A fix is the answer; a rejection asks others.</p>}
    </dl>
  );
}

function Said({ item, answers }: { item: ReviewItem; answers: ReviewItem["answers"][number]["answers"] }) {
  const several = item.form.questions.length > 1;
  return (
    <>
      {answers.not_applicable === true && <p>Not applicable</p>}
      {item.form.questions.map((question) => (
        <div key={question.name}>
          {several && <span className="meta">{question.title ?? question.name}: </span>}
          <AnswerView question={question} answers={answers} />
        </div>
      ))}
      {typeof answers.note === "string" && <p className="meta">Note: {answers.note}</p>}
    </>
  );
}
