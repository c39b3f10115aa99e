/** To whom can work be given together? Teams are made, filled and given up here. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError, getAll, messageOf, patch, post, remove } from "../api/client";
import { usePeople } from "../api/queries";
import { Dialog } from "../app/Dialog";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { Table } from "../app/Table";

interface Team {
  id: string;
  name: string;
  people: { id: string; name: string }[];
}

const useTeams = () => useQuery({ queryKey: ["teams"], queryFn: ({ signal }) => getAll<Team>("/api/teams", signal) });

export function TeamsSection() {
  const teams = useTeams();
  const [editing, setEditing] = useState<Team | "new" | null>(null);
  const [ending, setEnding] = useState<Team | null>(null);
  return (
    <Section
      title="Teams"
      aside={
        <button type="button" onClick={() => setEditing("new")}>
          New team
        </button>
      }
    >
      <Load query={teams}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="meta">No team yet. Work can be given to one person or to a team.</p>
          ) : (
            <Table
              caption="Teams" narrow rows={items} keyOf={(team) => team.id}
              columns={[
                { title: "Team", as: "head", cell: (team) => team.name },
                { title: "People", cell: (team) => team.people.map((person) => person.name).join(", ") || "nobody" },
                {
                  title: <span className="visually-hidden">Actions</span>,
                  cell: (team) => (
                    <span className="row">
                      <button type="button" className="plain" aria-label={`Edit ${team.name}`} onClick={() => setEditing(team)}>
                        Edit
                      </button>
                      <button type="button" className="plain" aria-label={`Give up ${team.name}`} onClick={() => setEnding(team)}>
                        Give up
                      </button>
                    </span>
                  ),
                },
              ]}
            />
          )
        }
      </Load>
      {editing !== null && <TeamDialog team={editing === "new" ? null : editing} close={() => setEditing(null)} />}
      {ending !== null && <EndTeamDialog team={ending} close={() => setEnding(null)} />}
    </Section>
  );
}

/** Teams are named beside people, too. */
function useForgetTeams() {
  const client = useQueryClient();
  return () => Promise.all(["teams", "people"].map((kind) => client.invalidateQueries({ queryKey: [kind] })));
}

function TeamDialog({ team, close }: { team: Team | null; close: () => void }) {
  const people = usePeople();
  const [name, setName] = useState(team?.name ?? "");
  const [members, setMembers] = useState(team?.people.map((person) => person.id) ?? []);
  const forget = useForgetTeams();
  const save = useMutation({
    mutationFn: () => {
      const body = { name, people: members };
      return team === null ? post("/api/teams", body) : patch(`/api/teams/${team.id}`, body);
    },
    onSuccess: async () => {
      await forget();
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title={team === null ? "New team" : team.name} close={close}>
      <form onSubmit={submit}>
        <label htmlFor="team-name">Name</label>
        <input id="team-name" type="text" autoComplete="off" maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        <fieldset>
          <legend>People</legend>
          <Load query={people}>
            {({ items }) => (
              <div className="people-choice">
                {items.map((person) => (
                  <label key={person.id} className="check">
                    <input
                      type="checkbox"
                      checked={members.includes(person.id)}
                      onChange={(event) => setMembers(event.target.checked ? [...members, person.id] : members.filter((id) => id !== person.id))}
                    />
                    <span>
                      {person.name} <span className="meta">{person.provider}</span>
                    </span>
                  </label>
                ))}
              </div>
            )}
          </Load>
        </fieldset>
        {save.isError && (
          <p className="problem" role="alert">
            {messageOf(save.error)}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={save.isPending || name.trim() === ""}>
            Save
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function EndTeamDialog({ team, close }: { team: Team; close: () => void }) {
  const forget = useForgetTeams();
  const end = useMutation({
    mutationFn: (force: boolean) => remove(`/api/teams/${team.id}${force ? "?force=true" : ""}`),
    onSuccess: async () => {
      await forget();
      close();
    },
  });
  const hasWork = end.error instanceof ApiError && end.error.code === "team_has_work";
  return (
    <Dialog title={`Give up ${team.name}?`} close={close}>
      <p>Its people stay. Where work waits for the team, you are asked again.</p>
      {end.isError && (
        <p className="problem" role="alert">
          {messageOf(end.error)}
        </p>
      )}
      <footer>
        <button type="button" className={hasWork ? "danger" : "primary"} disabled={end.isPending} onClick={() => end.mutate(hasWork)}>
          {hasWork ? "Give it up; everybody may take its work" : "Give it up"}
        </button>
      </footer>
    </Dialog>
  );
}
