/** How does a project end? Archived, it rests and can be restored; deleted by an owner, what was said in it is erased. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { messageOf, patch, remove, request } from "../api/client";
import type { Project } from "../api/types";
import { Dialog } from "../app/Dialog";
import { count } from "../app/format";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { useSignedIn } from "../app/session";

interface WhatGoes {
  erased: { tasks: number; gold: number; judgments: number; gold_judgments: number; batches: number };
  kept: { facts: string; releases: { version: number; path: string }[] };
}

const pathOf = (slug: string) => `/api/projects/${encodeURIComponent(slug)}`;

export function EndSection({ project }: { project: Project }) {
  const { role } = useSignedIn();
  const client = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const archived = project.status === "archived";
  const turn = useMutation({
    mutationFn: () => patch(pathOf(project.slug), { status: archived ? "active" : "archived" }),
    onSuccess: () => Promise.all([["project", project.slug], ["projects"]].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  return (
    <Section title={archived ? "Archived" : "Archive"}>
      <p className="measure">
        {archived
          ? "It hands nothing out and takes nothing in. Restored, it goes on where it was."
          : "An archived project hands nothing out and takes nothing in; what is held goes back. It can be restored."}
      </p>
      {turn.isError && (
        <p className="problem" role="alert">
          {messageOf(turn.error)}
        </p>
      )}
      <p className="row wrap">
        <button type="button" disabled={turn.isPending} onClick={() => turn.mutate()}>
          {archived ? "Restore" : "Archive"}
        </button>
        {archived && role === "owner" && (
          <button type="button" className="danger" onClick={() => setDeleting(true)}>
            Delete…
          </button>
        )}
      </p>
      {deleting && <DeleteDialog project={project} close={() => setDeleting(false)} />}
    </Section>
  );
}

function DeleteDialog({ project, close }: { project: Project; close: () => void }) {
  const [typed, setTyped] = useState("");
  const [, go] = useLocation();
  const client = useQueryClient();
  const goes = useQuery({
    queryKey: ["what goes", project.slug],
    queryFn: ({ signal }) => request<WhatGoes>("DELETE", `${pathOf(project.slug)}?preview=true`, { signal }),
  });
  const erase = useMutation({
    mutationFn: () => remove(`${pathOf(project.slug)}?confirm=${encodeURIComponent(typed)}`),
    onSuccess: async () => {
      go("/");
      client.removeQueries({ queryKey: ["project", project.slug] });
      await client.invalidateQueries({ queryKey: ["projects"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === project.slug) erase.mutate();
  };
  return (
    <Dialog title={`Delete ${project.name}?`} close={close}>
      <form onSubmit={submit}>
        <Load query={goes}>
          {({ erased, kept }) => (
            <>
              <p>
                <strong>Erased for good:</strong> {count(erased.tasks)} tasks and {count(erased.gold)} of gold, {count(erased.judgments + erased.gold_judgments)} answers,{" "}
                {count(erased.batches)} batches, contents and instruction.
              </p>
              <p>
                <strong>Kept:</strong> {kept.facts}.
                {kept.releases.length > 0 && ` Releases are files and stay: ${kept.releases.map((release) => release.path).join(", ")}.`}
              </p>
            </>
          )}
        </Load>
        <label htmlFor="confirm-slug">
          Type <code>{project.slug}</code>: what goes does not come back
        </label>
        <input id="confirm-slug" type="text" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
        {erase.isError && (
          <p className="problem" role="alert">
            {messageOf(erase.error)}
          </p>
        )}
        <footer>
          <button type="submit" className="danger" disabled={erase.isPending || typed !== project.slug}>
            Delete
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
