/** Who owns a part of this provider? Recording a stake stops at once whatever conflicts with it. */

import { useState, type FormEvent } from "react";
import { messageOf } from "../api/client";
import { useProjects, useSettings } from "../api/queries";
import type { Interest, Project, Provider } from "../api/types";
import { Dialog } from "../app/Dialog";
import { Outcome } from "./Outcome";
import { useChangeProvider } from "./useChangeProvider";

const plain = (name: string): string => name.normalize("NFC").trim().toLowerCase();

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The projects that name this organisation as a conflict, as far as the page can see; the server judges chains and aliases too. */
function projectsInConflict(organisation: string, share: number, projects: Project[], conflicts: string[]): Project[] {
  if (plain(organisation) === "") return [];
  return projects.filter((project) => {
    const named = [...conflicts, ...strings(project.policy?.conflicts)].some((name) => plain(name) === plain(organisation));
    const stake = typeof project.policy?.stake === "number" ? project.policy.stake : 0;
    return named && share > 0 && share >= stake;
  });
}

export function InterestDialog({ provider, close }: { provider: Provider; close: () => void }) {
  const [organisation, setOrganisation] = useState("");
  const [percentShare, setPercentShare] = useState("100");
  const [since, setSince] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const change = useChangeProvider(provider.slug);
  const projects = useProjects();
  const settings = useSettings();
  const share = Number(percentShare) / 100;
  const stops = projectsInConflict(organisation, share, projects.data?.items ?? [], settings.data?.conflicts ?? []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (organisation.trim() === "") return setProblem("Name the organisation.");
    if (!(share > 0 && share <= 1)) return setProblem("A share is more than 0 and at most 100 percent.");
    setProblem(null);
    const recorded: Interest = { organisation: organisation.trim(), share, ...(since === "" ? {} : { since }) };
    const others = provider.interests.filter((interest) => plain(interest.organisation) !== plain(organisation));
    change.mutate({ interests: [...others, recorded].map((interest) => ({ ...interest, since: interest.since ?? null })) });
  };

  if (change.data !== undefined) {
    return (
      <Dialog title="The stake is recorded" close={close}>
        <Outcome provider={change.data} />
      </Dialog>
    );
  }
  const failure = problem ?? (change.isError ? messageOf(change.error) : null);
  return (
    <Dialog title={`A stake in ${provider.name}`} close={close}>
      <form onSubmit={submit} noValidate>
        <label htmlFor="stake-organisation">Organisation</label>
        <input id="stake-organisation" type="text" autoComplete="off" value={organisation} onChange={(event) => setOrganisation(event.target.value)} />
        <label htmlFor="stake-share">Share in percent</label>
        <input id="stake-share" type="number" className="short" min={0} max={100} step="any" value={percentShare} onChange={(event) => setPercentShare(event.target.value)} />
        <label htmlFor="stake-since">Since, if known</label>
        <input id="stake-since" type="date" className="short" value={since} onChange={(event) => setSince(event.target.value)} />
        {organisation.trim() !== "" && (
          <div className={`notice${stops.length > 0 ? " attention" : ""}`} role="status">
            {stops.length === 0 ? (
              <p>No project names this organisation as a conflict, so recording it should stop nothing. It takes effect at once, whatever the date.</p>
            ) : (
              <>
                <p>Recording it stops {provider.name} at once in:</p>
                <ul>
                  {stops.map((project) => (
                    <li key={project.slug}>{project.name}</li>
                  ))}
                </ul>
              </>
            )}
          </div>
        )}
        {failure !== null && (
          <p className="problem" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={change.isPending}>
            Record the stake
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
