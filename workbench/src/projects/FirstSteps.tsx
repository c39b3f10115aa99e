/** What does a new project need before work can begin? Three steps, each with its state. */

import { Link } from "wouter";
import type { Project } from "../api/types";
import { useSignedIn } from "../app/session";

interface FirstStepsProps {
  project: Project;
  addTasks: () => void;
  writeInstruction: () => void;
}

export function FirstSteps({ project, addTasks, writeInstruction }: FirstStepsProps) {
  const { role } = useSignedIn();
  const written = (project.instruction ?? "") !== "";
  return (
    <ol className="steps" aria-label="First steps">
      <li>
        <h2>1. Add tasks</h2>
        <p>Paste lines of text or choose image files. Each becomes one task.</p>
        <button type="button" className="primary" onClick={addTasks}>
          Add tasks
        </button>
      </li>
      <li className={written ? "done" : undefined}>
        <h2>2. Write the guideline</h2>
        <p>{written ? "Written. Everybody who answers sees it beside the task." : "Say how to decide, with the hard cases."}</p>
        <button type="button" onClick={writeInstruction}>
          {written ? "Edit the guideline" : "Write the guideline"}
        </button>
      </li>
      <li>
        <h2>3. Let people in</h2>
        <p>You can answer tasks yourself at once. Others get a key each and sign in with it.</p>
        {role === "owner" ? (
          <Link href="/admin" className="button">
            Make keys
          </Link>
        ) : (
          <p className="meta">An owner makes keys under Admin.</p>
        )}
      </li>
    </ol>
  );
}
