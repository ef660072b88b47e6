/**
 * Faults of the engine itself, scripted by the process that started the host: while there are any, the host asks that process
 * before each turn of an orchestration. The real extension fails an orchestration that is due while its workers are being
 * replaced; this simulates that.
 */

export interface Turn {
  /** The orchestration's. */
  readonly name: string;
  readonly instanceId: string;
}

/** Returns the message with which the orchestration has to fail, if any. */
export type MeetTurn = (turn: Turn) => Promise<string | undefined>;

/** What the parent sends: whether to ask at all, and the answers. */
export type ToHost =
  | { readonly event: "turnFaults"; readonly isArmed: boolean }
  | { readonly event: "turnFault"; readonly question: number; readonly failure?: string };

/** What the host asks. */
export interface ToParent extends Turn {
  readonly event: "turn";
  readonly question: number;
}

export function isToParent(message: unknown): message is ToParent {
  return typeof message === "object" && message !== null && "event" in message && message.event === "turn";
}

function isToHost(message: unknown): message is ToHost {
  if (typeof message !== "object" || message === null || !("event" in message)) return false;
  return message.event === "turnFaults" || message.event === "turnFault";
}

/** Asks over the channel to the parent process; undefined without one. */
export function askParent(): MeetTurn | undefined {
  if (!process.channel) return undefined;
  let isArmed = false;
  let questions = 0;
  const open = new Map<number, (failure: string | undefined) => void>();
  process.on("message", (message) => {
    if (!isToHost(message)) return;
    if (message.event === "turnFaults") {
      ({ isArmed } = message);
      return;
    }
    open.get(message.question)?.(message.failure);
    open.delete(message.question);
  });
  return async (turn) => {
    if (!isArmed) return undefined;
    questions += 1;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    open.set(questions, resolve);
    process.send?.({ event: "turn", question: questions, ...turn } satisfies ToParent);
    return await promise;
  };
}
