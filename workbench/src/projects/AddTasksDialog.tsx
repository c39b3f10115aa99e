/** What is to be labelled? Pasted lines, one task each, or image files from this computer. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf } from "../api/client";
import type { Project } from "../api/types";
import { Dialog } from "../app/Dialog";
import { count, plural } from "../app/format";
import { addImages, addTexts } from "./addTasks";
import { linesOf } from "./templates";

export function AddTasksDialog({ project, close }: { project: Project; close: () => void }) {
  const client = useQueryClient();
  const [kind, setKind] = useState<"text" | "images">("text");
  const [text, setText] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const [progress, setProgress] = useState<{ done: number; whole: number } | null>(null);
  const lines = linesOf(text);
  const many = kind === "text" ? lines.length : files.length;

  const add = useMutation({
    mutationFn: () => {
      const tell = (done: number, whole: number) => setProgress({ done, whole });
      return kind === "text" ? addTexts(project.slug, lines, tell) : addImages(project.slug, files, tell);
    },
    onSuccess: (added) => {
      void client.invalidateQueries();
      if (added.problems.length === 0) close();
    },
    onSettled: () => setProgress(null),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (many > 0) add.mutate();
  };

  return (
    <Dialog title={`Add tasks to ${project.name}`} close={close} wide>
      <form onSubmit={submit}>
        <fieldset className="templates">
          <legend>What is shown?</legend>
          <label className="template">
            <input type="radio" name="content-kind" checked={kind === "text"} onChange={() => setKind("text")} />
            <span>Lines of text</span>
          </label>
          <label className="template">
            <input type="radio" name="content-kind" checked={kind === "images"} onChange={() => setKind("images")} />
            <span>Images</span>
          </label>
        </fieldset>
        {kind === "text" ? (
          <>
            <label htmlFor="task-lines">One task a line</label>
            <textarea id="task-lines" rows={10} value={text} onChange={(event) => setText(event.target.value)} />
          </>
        ) : (
          <>
            <label htmlFor="task-files">Image files</label>
            <input id="task-files" type="file" accept="image/*" multiple onChange={(event) => setFiles([...(event.target.files ?? [])])} />
          </>
        )}
        {progress !== null && (
          <p role="status">
            {count(progress.done)} of {count(progress.whole)} sent
          </p>
        )}
        {add.isError && (
          <p className="problem" role="alert">
            {messageOf(add.error)}
          </p>
        )}
        {add.data !== undefined && add.data.problems.length > 0 && (
          <div className="problem" role="alert">
            <p>
              {plural(add.data.tasks, "task")} added; {count(add.data.problems.length)} not:
            </p>
            <ul>
              {add.data.problems.slice(0, 20).map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          </div>
        )}
        <footer>
          <button type="submit" className="primary" disabled={many === 0 || add.isPending}>
            {many === 0 ? "Add tasks" : `Add ${plural(many, "task")}`}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
