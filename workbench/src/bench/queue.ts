/** Which task is on the bench, which come next, and what is still on its way to the server?

An answer leaves the bench only after it was stored in this browser, and leaves the browser only after the server
confirmed it or it was set aside with the reason. Saving never holds up the next task.
*/

import { get, messageOf, post, type ApiError } from "../api/client";
import type { Answers, Assignment, Claimed, Page } from "../api/types";
import { randomId } from "./browserStore";
import { deliver, setAside } from "./deliver";
import { dropDraft, saveDraft } from "./drafts";
import { dropEntry, putEntry, storedEntries, type Entry, type Sent, type SubmitBody } from "./outbox";
import { forgetImages, prefetchImages } from "./prefetch";
import { EMPTY_BENCH, type QueueState } from "./queueState";
import { Siblings } from "./siblings";

/** The current task and two ahead. */
const DEPTH = 3;
const SENT_KEPT = 20;
const PARALLEL = 3;
/** A notice is not swept away by the next answer before it can be read. */
const NOTICE_STAYS_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export class TaskQueue {
  private state: QueueState = EMPTY_BENCH;
  private readonly listeners = new Set<() => void>();
  private readonly siblings: Siblings;
  private outbox: Entry[] = [];
  private readonly sending = new Set<string>();
  private retryAfter = FIRST_RETRY_MS;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private claiming = false;
  private exhausted = false;
  private closed = false;
  private noticedAt = 0;

  constructor(private readonly person: string, private readonly project: string) {
    this.siblings = new Siblings(person, () => ({
      assignments: [...this.state.tasks.map((task) => task.id), ...this.outbox.map((entry) => entry.assignment)],
      entries: this.outbox.map((entry) => entry.key),
    }));
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): QueueState => this.state;

  /** Held assignments first, then new ones; answers that an earlier visit left unsent are sent again. */
  async start(): Promise<void> {
    window.addEventListener("online", this.backOnline);
    document.addEventListener("visibilitychange", this.look);
    this.change({ phase: "starting", failure: null });
    const others = await this.siblings.holdings();
    if (this.closed) return;
    const known = new Set([...others.entries, ...this.outbox.map((entry) => entry.key)]);
    this.outbox.push(...storedEntries(this.person).filter((entry) => !known.has(entry.key)));
    this.count();
    this.pump();
    try {
      const held = await this.held();
      if (this.closed) return;
      this.add(held.filter((assignment) => !others.assignments.has(assignment.id)));
    } catch (error) {
      this.fail(error);
      return;
    }
    await this.fill();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
    window.removeEventListener("online", this.backOnline);
    document.removeEventListener("visibilitychange", this.look);
    this.siblings.close();
    this.listeners.clear();
  }

  submit(assignment: Assignment, body: Omit<SubmitBody, "claim">): void {
    this.remember({ assignment, answers: body.answers, state: "sending" });
    this.change({ done: this.state.done + 1 });
    this.send(assignment, { kind: "submit", body: { ...body, claim: 1 } });
  }

  giveBack(assignment: Assignment, reason: string, answers: Answers): void {
    this.remember({ assignment, answers, state: "returned" });
    this.send(assignment, { kind: "return", body: { reason } });
  }

  /** Ask again for work, after a failure or when there was none. */
  again = (): void => {
    if (this.state.phase === "failed") void this.start();
    else void this.fill(true);
  };

  dismissNotice = (): void => this.change({ notice: null });

  /** What the server says is held, without what was being answered while it was asked. */
  private async held(): Promise<Assignment[]> {
    const answered = new Set(this.outbox.map((entry) => entry.assignment));
    const query = new URLSearchParams({ project: this.project });
    const { items } = await get<Page<Assignment>>(`/api/assignments?${query}`);
    return items.filter((assignment) => !answered.has(assignment.id));
  }

  private send(assignment: Assignment, send: Entry["send"]): void {
    const entry: Entry = {
      key: randomId(), person: this.person, project: this.project, assignment: assignment.id, task: assignment.task.id, at: Date.now(), send,
    };
    const stored = putEntry(entry);
    this.outbox.push(entry);
    const problems = { ...this.state.problems };
    delete problems[assignment.id];
    if (Date.now() - this.noticedAt > NOTICE_STAYS_MS) this.change({ notice: null });
    this.change({ tasks: this.state.tasks.filter((task) => task.id !== assignment.id), stored: this.state.stored && stored, problems });
    dropDraft(this.person, assignment.id);
    forgetImages(assignment.id);
    this.count();
    this.pump();
    if (this.state.tasks.length === 0) void this.fill();
  }

  private pump(): void {
    if (this.closed || this.retryTimer !== undefined) return;
    for (const entry of this.outbox) {
      if (this.sending.size >= PARALLEL) return;
      if (!this.sending.has(entry.key)) void this.deliver(entry);
    }
  }

  private async deliver(entry: Entry): Promise<void> {
    this.sending.add(entry.key);
    const delivery = await deliver(entry);
    this.sending.delete(entry.key);
    if (delivery.state === "taken") this.arrived(entry, entry.send.kind === "submit" ? delivery.next : null);
    else if (delivery.state === "refused") this.refused(entry, delivery.error, delivery.why);
    else if (delivery.state === "later") this.later();
    else this.change({ retrying: true });
    if (!this.closed) void this.fill();
  }

  private arrived(entry: Entry, next: Assignment[] | null): void {
    this.retryAfter = FIRST_RETRY_MS;
    this.settle(entry, "saved");
    this.change({ retrying: false });
    if (entry.project === this.project && next !== null) {
      if (next.length === 0) this.exhausted = true;
      this.add(next);
    }
    this.pump();
  }

  private refused(entry: Entry, error: ApiError, why: string): void {
    const before = this.state.sent.find((sent) => sent.assignment.id === entry.assignment);
    this.settle(entry, "refused");
    if (entry.send.kind === "return") {
      this.pump();
      return;
    }
    const { answers, spent_ms } = entry.send.body;
    this.change({ done: Math.max(0, this.state.done - 1) });
    if (error.status === 422) {
      saveDraft(this.person, entry.assignment, { answers, spent_ms });
      this.change({
        problems: { ...this.state.problems, [entry.assignment]: error.problems },
        notice: "An answer was not accepted; its task is here again, with what is wrong.",
        sent: this.state.sent.filter((sent) => sent.assignment.id !== entry.assignment),
      });
      if (before !== undefined) this.change({ tasks: [before.assignment, ...this.state.tasks], phase: "working" });
      else void this.reconcile();
    } else {
      setAside(entry, why);
      this.change({ notice: why });
      if (error.code === "provider_stopped" && entry.project === this.project) this.stop();
    }
    this.pump();
  }

  /** The provider may be shown no more of this project: what was fetched ahead leaves the bench unseen. */
  private stop(): void {
    this.exhausted = true;
    this.state.tasks.forEach((task) => forgetImages(task.id));
    this.change({ tasks: [], phase: "empty", because: "Your provider's work on this project has stopped." });
  }

  private later(): void {
    this.change({ retrying: true });
    if (this.retryTimer !== undefined || this.closed) return;
    const wait = this.retryAfter * (0.75 + Math.random() / 2);
    this.retryAfter = Math.min(LONGEST_RETRY_MS, this.retryAfter * 2);
    this.retryTimer = setTimeout(this.retryNow, wait);
  }

  private retryNow = (): void => {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.pump();
  };

  private backOnline = (): void => {
    this.retryNow();
    if (this.state.phase === "failed") this.again();
  };

  /** Keep the bench filled: as many as are missing, minus those that answers on their way will bring. */
  private async fill(asked = false): Promise<void> {
    const coming = this.outbox.filter((entry) => entry.send.kind === "submit" && entry.project === this.project).length;
    const missing = DEPTH - this.state.tasks.length - coming;
    const bare = this.state.tasks.length === 0 && this.outbox.length === 0;
    if (this.closed || this.claiming || missing <= 0 || this.state.retrying || this.state.phase === "failed") return;
    // A short answer to the last claim is believed until the bench is bare; then one claim of its own confirms it.
    if (!asked && (this.state.phase === "empty" || (this.exhausted && !bare))) return;
    this.claiming = true;
    try {
      const { assignments, code, because = null } = await post<Claimed>(
        `/api/projects/${encodeURIComponent(this.project)}/claim`,
        { count: missing },
      );
      this.exhausted = assignments.length < missing;
      this.add(assignments);
      if (this.state.tasks.length === 0 && this.outbox.length === 0) this.change({ phase: "empty", because: code === "nothing" ? null : because });
    } catch (error) {
      if (this.state.tasks.length === 0) this.fail(error);
    } finally {
      this.claiming = false;
    }
  }

  /** Back from a pause: leases may have lapsed meanwhile, so ask what is still held. */
  private look = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.state.phase === "empty") this.again();
    const now = Date.now();
    if (this.state.tasks.some((task) => Date.parse(task.lease_until) < now)) void this.reconcile();
  };

  private async reconcile(): Promise<void> {
    const asked = new Set(this.state.tasks.map((task) => task.id));
    let held: Assignment[];
    try {
      held = await this.held();
    } catch {
      return; // Not reached: the submit itself will tell.
    }
    const current = this.state.tasks[0];
    const ids = new Set(held.map((assignment) => assignment.id));
    // What was claimed while the server was asked is not in its answer and is no loss.
    const lost = this.state.tasks.filter((task) => asked.has(task.id) && !ids.has(task.id));
    this.change({ tasks: this.state.tasks.filter((task) => !lost.includes(task)) });
    if (current !== undefined && lost.includes(current)) this.change({ notice: "Someone else has this task now; your draft is kept." });
    this.add(held.filter((assignment) => this.state.problems[assignment.id] !== undefined));
    this.exhausted = false;
    await this.fill();
  }

  private add(assignments: Assignment[]): void {
    const known = new Set([...this.state.tasks.map((task) => task.id), ...this.outbox.map((entry) => entry.assignment)]);
    const fresh = assignments.filter((assignment) => !known.has(assignment.id));
    fresh.forEach(prefetchImages);
    const tasks = [...this.state.tasks, ...fresh];
    this.change({ tasks, phase: tasks.length > 0 ? "working" : this.state.phase });
  }

  private fail(error: unknown): void {
    this.change({ phase: "failed", failure: messageOf(error) });
  }

  private remember(sent: Sent): void {
    const others = this.state.sent.filter((known) => known.assignment.id !== sent.assignment.id);
    this.change({ sent: [sent, ...others].slice(0, SENT_KEPT) });
  }

  private settle(entry: Entry, state: "saved" | "refused"): void {
    dropEntry(entry);
    this.outbox = this.outbox.filter((other) => other.key !== entry.key);
    const sent = this.state.sent.map((known) =>
      known.assignment.id === entry.assignment && known.state === "sending" ? { ...known, state } : known,
    );
    this.change({ sent });
    this.count();
  }

  private count(): void {
    this.change({ unsaved: this.outbox.length });
  }

  private change(changes: Partial<QueueState>): void {
    if (changes.notice) this.noticedAt = Date.now();
    this.state = { ...this.state, ...changes };
    this.listeners.forEach((listener) => listener());
  }
}
