/** With which organisations is nothing shared, in any project? One a line; a change takes effect at once. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf, patch } from "../api/client";
import { useSettings } from "../api/queries";
import { Load } from "../app/Load";
import { Section } from "../app/Page";

export function ConflictsSection() {
  const settings = useSettings();
  return (
    <Section title="Conflicts">
      <p className="measure">
        A provider in which one of these organisations has an interest, directly or through others, is shown nothing in any project. A
        project can name more in its policy.
      </p>
      <Load query={settings}>{(data) => <ConflictsForm conflicts={data.conflicts} />}</Load>
    </Section>
  );
}

function ConflictsForm({ conflicts }: { conflicts: string[] }) {
  const client = useQueryClient();
  const [text, setText] = useState(conflicts.join("\n"));
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const save = useMutation({
    mutationFn: () => patch("/api/settings", { conflicts: lines }),
    onSuccess: () => client.invalidateQueries(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="narrow">
      <label htmlFor="conflicts">Organisations, one a line</label>
      <textarea id="conflicts" rows={5} value={text} onChange={(event) => setText(event.target.value)} />
      {save.isError && (
        <p className="problem" role="alert">
          {messageOf(save.error)}
        </p>
      )}
      <p className="row">
        <button type="submit" disabled={save.isPending || lines.join("\n") === conflicts.join("\n")}>
          Save the conflicts
        </button>
        {save.isSuccess && <span role="status">Saved</span>}
      </p>
    </form>
  );
}
