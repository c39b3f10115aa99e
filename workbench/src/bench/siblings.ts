/** What do this person's other tabs hold? They are asked before held assignments are shown, so that no task is shown twice. */

interface Holdings {
  assignments: string[];
  entries: string[];
}

type Message = { ask: string } | ({ answer: string } & Holdings);

const PATIENCE_MS = 150;

export class Siblings {
  private readonly channel: BroadcastChannel | null;

  constructor(person: string, private readonly mine: () => Holdings) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`steelyard:${person}`);
    this.channel?.addEventListener("message", (event: MessageEvent<Message>) => {
      if ("ask" in event.data) this.channel?.postMessage({ answer: event.data.ask, ...this.mine() } satisfies Message);
    });
  }

  /** What all other tabs together hold; tabs that do not answer at once are taken for closed. */
  async holdings(): Promise<{ assignments: Set<string>; entries: Set<string> }> {
    const found = { assignments: new Set<string>(), entries: new Set<string>() };
    const channel = this.channel;
    if (channel === null) return found;
    const question = String(Math.random());
    const listen = (event: MessageEvent<Message>) => {
      if (!("answer" in event.data) || event.data.answer !== question) return;
      event.data.assignments.forEach((id) => found.assignments.add(id));
      event.data.entries.forEach((key) => found.entries.add(key));
    };
    channel.addEventListener("message", listen);
    channel.postMessage({ ask: question } satisfies Message);
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    channel.removeEventListener("message", listen);
    return found;
  }

  close(): void {
    this.channel?.close();
  }
}
