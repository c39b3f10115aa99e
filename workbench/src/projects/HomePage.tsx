/** What is there for me to do now? One button to go on; managers also see how every project stands. */

import { useState } from "react";
import { Link } from "wouter";
import { useProjects } from "../api/queries";
import type { Project } from "../api/types";
import { count, percent, plural } from "../app/format";
import { Load } from "../app/Load";
import { Meter, PageHead, Section } from "../app/Page";
import { manages, reviews, useSignedIn } from "../app/session";
import { CreateProjectDialog } from "./CreateProjectDialog";

const waitingFor = (project: Project): number => (project.mine?.waiting ?? 0) + (project.mine?.held ?? 0);
const capped = (tasks: number): string => (tasks >= 1000 ? "over 1,000" : count(tasks));

export function HomePage() {
  const { role } = useSignedIn();
  const projects = useProjects();
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHead title="My work">
        {manages(role) && (
          <button type="button" onClick={() => setCreating(true)}>
            New project
          </button>
        )}
      </PageHead>
      <Load query={projects}>
        {({ items }) => (
          <>
            <Mine projects={items} create={manages(role) ? () => setCreating(true) : null} />
            {manages(role) && items.length > 0 && <AllProjects projects={items} />}
            {!reviews(role) && items.length > 0 && <LookBack projects={items} />}
          </>
        )}
      </Load>
      {creating && <CreateProjectDialog close={() => setCreating(false)} />}
    </>
  );
}

function Mine({ projects, create }: { projects: Project[]; create: (() => void) | null }) {
  const mine = projects.filter((project) => waitingFor(project) > 0);
  const today = projects.reduce((sum, project) => sum + (project.mine?.today ?? 0), 0);
  // What is begun comes before what is new.
  const next = mine.find((project) => (project.mine?.held ?? 0) > 0) ?? mine[0];
  if (projects.length === 0) {
    return create === null ? (
      <p>There is no project for you yet. Whoever runs this installation adds you to one.</p>
    ) : (
      <div className="welcome">
        <p>There is no project yet. A project says what is asked; its tasks are what is shown.</p>
        <button type="button" className="primary" onClick={create}>
          Create the first project
        </button>
      </div>
    );
  }
  if (next === undefined) {
    return (
      <p>
        Nothing to label now.{" "}
        {today > 0 ? `You answered ${plural(today, "task")} today.` : "New tasks show here as soon as they are ready."}
      </p>
    );
  }
  return (
    <>
      <div className="continue">
        <Link href={`/p/${next.slug}/work`} className="button primary">
          Continue: {next.name}
        </Link>
        <p>{today > 0 ? `${plural(today, "answer")} today.` : "No answer today yet."}</p>
      </div>
      <table className="narrow">
        <caption className="visually-hidden">Projects with tasks for you</caption>
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col" className="number">For you</th>
            <th scope="col" className="number">Begun</th>
            <th scope="col" className="number">Today</th>
          </tr>
        </thead>
        <tbody>
          {mine.map((project) => (
            <tr key={project.slug}>
              <th scope="row">
                <Link href={`/p/${project.slug}/work`}>{project.name}</Link>
              </th>
              <td className="number">{capped(project.mine?.waiting ?? 0)}</td>
              <td className="number">{count(project.mine?.held)}</td>
              <td className="number">{count(project.mine?.today)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function LookBack({ projects }: { projects: Project[] }) {
  return (
    <Section title="Look back">
      <ul>
        {projects.map(({ slug, name }) => (
          <li key={slug}>
            {name}: <Link href={`/p/${slug}/mine`} aria-label={`My answers in ${name}`}>my answers</Link>,{" "}
            <Link href={`/p/${slug}/questions`} aria-label={`Questions in ${name}`}>questions</Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function AllProjects({ projects }: { projects: Project[] }) {
  return (
    <Section title="All projects">
      <table>
        <caption className="visually-hidden">All projects with their progress</caption>
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col">Settled</th>
            <th scope="col" className="number">Tasks</th>
            <th scope="col" className="number">Judgments</th>
            <th scope="col" className="number">Gold</th>
            <th scope="col" className="number">Held</th>
          </tr>
        </thead>
        <tbody>
          {projects.map(({ slug, name, status, progress }) => (
            <tr key={slug}>
              <th scope="row">
                <Link href={`/p/${slug}`}>{name}</Link>
                {status === "archived" && <span className="meta"> archived</span>}
              </th>
              <td>
                {progress === undefined || progress.tasks === 0 ? (
                  <span className="meta">no tasks yet</span>
                ) : (
                  <span className="row">
                    <Meter part={progress.settled} whole={progress.tasks} label={`${name}: settled tasks`} />
                    <span className="tabular">{percent(progress.settled / progress.tasks, 0)}</span>
                  </span>
                )}
              </td>
              <td className="number">{count(progress?.tasks)}</td>
              <td className="number">{count(progress?.judgments)}</td>
              <td className="number">{count(progress?.gold)}</td>
              <td className="number">{count(progress?.held)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
