/** What when there is nothing to label here? What else there is, and one way to look again. */

import { Link } from "wouter";
import { useProjects } from "../api/queries";
import { plural } from "../app/format";
import { reviews, useSignedIn } from "../app/session";
import { RefusedList } from "./RefusedList";

interface NothingNowProps {
  project: string;
  because: string | null;
  done: number;
  again: () => void;
}

export function NothingNow({ project, because, done, again }: NothingNowProps) {
  const { person, role } = useSignedIn();
  const projects = useProjects();
  const others = (projects.data?.items ?? []).filter((other) => other.slug !== project && (other.mine?.waiting ?? 0) > 0);
  return (
    <div className="nothing">
      <h2>Nothing to label now.</h2>
      {because !== null && <p>{because}</p>}
      <RefusedList person={person.id} project={project} />
      {done > 0 && <p>You answered {plural(done, "task")} in this visit.</p>}
      {others.length > 0 && (
        <ul className="plain-list">
          {others.map((other) => (
            <li key={other.slug}>
              <Link href={`/p/${other.slug}/work`}>
                {other.name}: {plural(other.mine?.waiting ?? 0, "task waits", "tasks wait")} for you
              </Link>
            </li>
          ))}
        </ul>
      )}
      {others.length === 0 && <p>No other project has tasks for you either.</p>}
      <p className="row">
        <button type="button" onClick={again}>
          Look again
        </button>
        <Link href="/">My work</Link>
        {reviews(role) && <Link href={`/p/${project}`}>Project overview</Link>}
      </p>
    </div>
  );
}
