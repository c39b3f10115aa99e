/** Who has seen this? Words, a file or a hash are looked for among all that was ever shown; what is sent is compared and not kept. */

import { useMutation } from "@tanstack/react-query";
import { useState, type DragEvent, type FormEvent } from "react";
import { messageOf } from "../api/client";
import { Section } from "../app/Page";
import { Matches } from "./Matches";
import { search, type Sought } from "./queries";
import type { Found } from "./types";

type By = "text" | "file" | "hash";
const WAYS: [By, string][] = [
  ["text", "By its text"],
  ["file", "By a file"],
  ["hash", "By a hash"],
];
const HASH = /^[0-9a-f]{64}$/;

interface WhoHasSeenProps {
  /** The provider whose page this is; its lines are marked. */
  mark?: string;
}

const sum = (one: number | null | undefined, other: number | null | undefined): number => (one ?? 0) + (other ?? 0);

/** What was found so far, and on the next page. */
const together = (found: Found, more: Found): Found => ({
  ...more,
  items: [...found.items, ...more.items],
  searched: sum(found.searched, more.searched),
  erased: sum(found.erased, more.erased),
});

export function WhoHasSeen({ mark }: WhoHasSeenProps) {
  const [by, setBy] = useState<By>("text");
  const [text, setText] = useState("");
  const [hash, setHash] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const looking = useMutation({
    mutationFn: async ({ sought, found }: { sought: Sought; found: Found | null }) => {
      const answer = await search(sought, found?.next ?? null);
      return { sought, found: found === null ? answer : together(found, answer) };
    },
  });

  const sought = (): Sought | string => {
    if (by === "file") return file === null ? "Choose a file." : { file };
    if (by === "text") return text.trim() === "" ? "Write or paste what is looked for." : { text };
    const value = hash.trim().toLowerCase();
    return HASH.test(value) ? { hash: value } : "A hash is 64 characters, 0 to 9 and a to f: the SHA-256 of a text or file, or a commitment.";
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = sought();
    setProblem(typeof wanted === "string" ? wanted : null);
    if (typeof wanted !== "string") looking.mutate({ sought: wanted, found: null });
  };
  const shown = looking.data;
  const failure = problem ?? (looking.isError ? messageOf(looking.error) : null);
  return (
    <Section title="Who has seen this?">
      <form onSubmit={submit} className="seek" noValidate>
        <fieldset className="row">
          <legend className="visually-hidden">How it is looked for</legend>
          {WAYS.map(([way, title]) => (
            <label key={way} className="check">
              <input type="radio" name="seek-by" checked={by === way} onChange={() => setBy(way)} />
              {title}
            </label>
          ))}
        </fieldset>
        {by === "text" && <textarea aria-label="Text that was shown" rows={3} value={text} onChange={(event) => setText(event.target.value)} />}
        {by === "hash" && (
          <input type="text" className="code" aria-label="Hash" autoComplete="off" spellCheck={false} value={hash} onChange={(event) => setHash(event.target.value)} />
        )}
        {by === "file" && <FileField file={file} choose={setFile} />}
        <p className="row">
          <button type="submit" disabled={looking.isPending}>
            Look for it
          </button>
          <span className="meta" role="status">
            {looking.isPending ? "Looking…" : ""}
          </span>
        </p>
        {failure !== null && (
          <p className="problem" role="alert">
            {failure}
          </p>
        )}
      </form>
      {shown !== undefined && (
        <div role="status">
          <Matches found={shown.found} mark={mark} />
        </div>
      )}
      {shown?.found.next != null && (
        <p className="row">
          <button type="button" disabled={looking.isPending} onClick={() => looking.mutate(shown)}>
            Look further
          </button>
        </p>
      )}
    </Section>
  );
}

function FileField({ file, choose }: { file: File | null; choose: (file: File | null) => void }) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped !== undefined) choose(dropped);
  };
  return (
    <div
      className={`drop${over ? " over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label htmlFor="seek-file">Drop a file here, or choose one</label>
      <input id="seek-file" type="file" onChange={(event) => choose(event.target.files?.[0] ?? null)} />
      {file !== null && <p className="meta">{file.name}</p>}
    </div>
  );
}
