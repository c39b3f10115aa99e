/** How does a page ask the server? Through `request`; every failure is an ApiError that says what happened. */

import type { Json, Page } from "./types";

export interface Problem {
  pointer: string;
  code: string;
  message: string;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problems: Problem[] = [],
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The server was not reached, or is not well: the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

interface ProblemDocument {
  title?: string;
  detail?: string;
  code?: string;
  errors?: Problem[];
}

export interface RequestOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const signedOutListeners = new Set<() => void>();

/** Call `listener` whenever the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

async function problemOf(response: Response): Promise<ApiError> {
  let problem: ProblemDocument = {};
  try {
    problem = (await response.json()) as ProblemDocument;
  } catch {
    // Not a problem document (a proxy's page, say): the status line has to do.
  }
  const message = problem.detail ?? problem.title ?? `The server answered ${response.status} ${response.statusText}`.trim();
  return new ApiError(response.status, problem.code ?? "", message, problem.errors ?? []);
}

export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const { body, headers = {}, signal } = options;
  const raw = body instanceof Blob;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": raw ? body.type || "application/octet-stream" : "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached. Check the connection; nothing was lost.");
  }
  if (!response.ok) {
    const error = await problemOf(response);
    if (response.status === 401) signedOutListeners.forEach((listener) => listener());
    throw error;
  }
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, { signal });

/** All rows of a list, page after page. */
export async function getAll<T>(path: string, signal?: AbortSignal): Promise<{ items: T[] }> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const from: string = after === null ? path : `${path}?after=${encodeURIComponent(after)}`;
    const page: Page<T> = await get<Page<T>>(from, signal);
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return { items };
}

export const post = <T>(path: string, body?: unknown, headers?: Record<string, string>) =>
  request<T>("POST", path, { body, headers });
export const patch = <T>(path: string, body: { [key: string]: Json }) => request<T>("PATCH", path, { body });
export const remove = (path: string) => request<undefined>("DELETE", path);

export function messageOf(error: unknown): string {
  if (error instanceof ApiError && error.problems.length > 0) {
    const details = error.problems.map((problem) => `${problem.pointer || "/"}: ${problem.message}`);
    return `${error.message} ${details.join("; ")}`;
  }
  return error instanceof Error ? error.message : String(error);
}
