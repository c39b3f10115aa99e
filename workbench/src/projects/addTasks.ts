/** How do lines and files become tasks? In requests of 500, images as blobs first; progress is told after each step. */

import { ApiError, messageOf, post } from "../api/client";
import type { Content, Json } from "../api/types";

interface NewTask {
  content: Content;
  metadata?: { [key: string]: Json };
}

export interface Added {
  tasks: number;
  problems: string[];
}

type Tell = (done: number, whole: number) => void;

const AT_ONCE = 500;
const UPLOADS = 4;

async function addTasks(slug: string, tasks: NewTask[], tell: Tell): Promise<Added> {
  const added: Added = { tasks: 0, problems: [] };
  for (let from = 0; from < tasks.length; from += AT_ONCE) {
    const some = tasks.slice(from, from + AT_ONCE);
    const answer = await post<{ errors?: { row?: number; message?: string; detail?: string }[] }>(
      `/api/projects/${encodeURIComponent(slug)}/tasks`,
      some,
    );
    const errors = answer.errors ?? [];
    added.tasks += some.length - errors.length;
    added.problems.push(...errors.map((error) => `Row ${from + (error.row ?? 0) + 1}: ${error.message ?? error.detail ?? "refused"}`));
    tell(Math.min(tasks.length, from + AT_ONCE), tasks.length);
  }
  return added;
}

export function addTexts(slug: string, texts: string[], tell: Tell): Promise<Added> {
  return addTasks(slug, texts.map((text) => ({ content: { blocks: [{ type: "text", text }] } })), tell);
}

export async function addImages(slug: string, files: File[], tell: Tell): Promise<Added> {
  const urls = new Map<File, string>();
  const problems: string[] = [];
  const waiting = [...files];
  const upload = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      try {
        urls.set(file, (await post<{ url: string }>("/api/blobs", file)).url);
      } catch (error) {
        // One bad file does not stop the others; a server that is away or a lost session does.
        if (!(error instanceof ApiError) || error.passing || error.status === 401) throw error;
        problems.push(`${file.name}: ${messageOf(error)}`);
      }
      tell(urls.size + problems.length, files.length);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS }, upload));
  const tasks = files.flatMap((file) => {
    const url = urls.get(file);
    return url === undefined ? [] : [{ content: { blocks: [{ type: "image", url }] }, metadata: { file: file.name } }];
  });
  const added = tasks.length === 0 ? { tasks: 0, problems: [] } : await addTasks(slug, tasks, () => undefined);
  return { tasks: added.tasks, problems: [...problems, ...added.problems] };
}
