/** What are people told about how to decide? The guideline is edited here. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf, patch } from "../api/client";
import type { Project } from "../api/types";
import { Dialog } from "../app/Dialog";

export function InstructionDialog({ project, close }: { project: Project; close: () => void }) {
  const [instruction, setInstruction] = useState(project.instruction ?? "");
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => patch(`/api/projects/${encodeURIComponent(project.slug)}`, { instruction }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["project", project.slug] });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title="Guideline" close={close} wide>
      <form onSubmit={submit}>
        <label htmlFor="instruction">Shown beside every task</label>
        <textarea id="instruction" rows={12} value={instruction} onChange={(event) => setInstruction(event.target.value)} />
        {save.isError && (
          <p className="problem" role="alert">
            {messageOf(save.error)}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={save.isPending}>
            Save
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
