/** Where can I go from here? The list on the left follows the role; annotators see their work alone. */

import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { remove } from "../api/client";
import { queryClient, replaceSession, useProjects } from "../api/queries";
import { useLeftovers } from "../bench/useLeftovers";
import { Logo } from "./Logo";
import { ThemeSwitch } from "./ThemeSwitch";
import { manages, ofTheLab, reviews, useSignedIn } from "./session";

function NavLink({ to, exact = false, sub = false, children }: { to: string; exact?: boolean; sub?: boolean; children: ReactNode }) {
  const [address] = useLocation();
  const here = exact ? address === to : address === to || address.startsWith(`${to}/`);
  return (
    <Link href={to} className={`${sub ? "sub" : ""}${here ? " here" : ""}`} aria-current={address === to ? "page" : undefined}>
      {children}
    </Link>
  );
}

function ProjectLinks() {
  const reviewer = reviews(useSignedIn().role);
  const projects = useProjects();
  const [address] = useLocation();
  const current = /^\/p\/([^/]+)/.exec(address)?.[1];
  // Annotators see their work alone: of projects the one in which they are.
  const items = (projects.data?.items ?? []).filter((project) => reviewer || project.slug === current);
  if (items.length === 0) return null;
  return (
    <>
      <h2>Projects</h2>
      {items.map((project) => (
        <div key={project.slug}>
          <NavLink to={`/p/${project.slug}`} exact={project.slug === current}>
            {project.name}
          </NavLink>
          {project.slug === current && (
            <>
              <NavLink sub to={`/p/${project.slug}/work`}>Work</NavLink>
              {reviewer && <NavLink sub to={`/p/${project.slug}/review`}>Review</NavLink>}
              <NavLink sub to={`/p/${project.slug}/mine`}>My answers</NavLink>
              <NavLink sub to={`/p/${project.slug}/questions`}>Questions</NavLink>
              {reviewer && <NavLink sub to={`/p/${project.slug}/data`}>Data</NavLink>}
              {reviewer && <NavLink sub to={`/p/${project.slug}/releases`}>Releases</NavLink>}
            </>
          )}
        </div>
      ))}
    </>
  );
}

async function signOut(): Promise<void> {
  await queryClient.cancelQueries(); // what was asked and is answered after it would be refused
  await remove("/api/session");
  replaceSession({ person: null });
}

export function Shell({ children }: { children: ReactNode }) {
  const who = useSignedIn();
  const { person, role, world } = who;
  const unsent = useLeftovers(person.id);
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <nav aria-label="Main">
        <Link href="/" className="brand">
          <Logo /> Steelyard
        </Link>
        {world === "test" && <p className="tag attention">Test world</p>}
        <NavLink to="/" exact>
          My work
        </NavLink>
        {manages(role) && <NavLink to="/providers">Providers</NavLink>}
        {ofTheLab(who) && <NavLink to="/dependence">Dependence</NavLink>}
        {role === "owner" && <NavLink to="/organisations">Organisations</NavLink>}
        {role === "owner" && <NavLink to="/admin">Admin</NavLink>}
        {role !== "machine" && <ProjectLinks />}
        <div className="foot">
          <p>
            <strong>{person.name}</strong>
            <span className="meta">{role}</span>
          </p>
          {unsent > 0 && (
            <p className="tag attention" role="status">
              {unsent} unsaved, retrying
            </p>
          )}
          <ThemeSwitch />
          <button type="button" className="plain" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </nav>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
