/** Follows an operation to its end, and says that it continues when the user stops waiting. */
import type { AnyOperationDocument } from "../src/domain/documents/operation.ts";
import type { OperationStatus } from "../src/domain/operation/operation.ts";
import { exitCodes, Failure, Interrupted, TimedOut, Unreachable } from "./failures.ts";
import { together } from "./output/batch.ts";
import { operationLines } from "./output/operation.ts";
import { createProgress } from "./output/progress.ts";
import { followOperation, getOperation } from "./service/followOperation.ts";
import type { Session } from "./session.ts";

const whoAsks = { route: "GET /api/caller" } as const;

/** The exit code for an ended operation. After `cancel`, a canceled one is a success. */
export function exitCodeOf(
  { status }: { readonly status: OperationStatus },
  { wanted = "Succeeded" }: { wanted?: OperationStatus } = {},
): number {
  return status === wanted ? exitCodes.done : exitCodes.refused;
}

export async function waitAndPrint(
  session: Session,
  id: string,
  options: { wanted?: OperationStatus } = {},
): Promise<number> {
  // The result goes to standard output; if that is the same terminal, printing it once is enough.
  const operation = await waitForEnd(session, id, { isShownElsewhere: session.stdout.isTTY });
  await printOperation(session, operation);
  return exitCodeOf(operation, options);
}

/** Of batches that are one to the user. */
export async function waitAndPrintAll(session: Session, ids: readonly string[]): Promise<number> {
  const ended = await waitForEnds(session, ids, { isShownElsewhere: session.stdout.isTTY });
  await session.print({
    document: { value: ended },
    names: ids,
    lines: (view) => operationLines(together(ended), view),
  });
  return Math.max(...ended.map((each) => exitCodeOf(each)));
}

export async function printOperation(session: Session, operation: AnyOperationDocument): Promise<void> {
  // Only while it waits for a person does it matter who asks.
  const caller =
    operation.phase === "awaitingApproval" ? await session.client.json(whoAsks, ["id", "roles"]) : undefined;
  const lines = (view: Parameters<typeof operationLines>[1]) => operationLines(operation, view, caller);
  await session.print({ document: operation, names: [operation.id], lines });
}

export async function waitForEnd(
  session: Session,
  id: string,
  options: { readonly isShownElsewhere: boolean },
): Promise<AnyOperationDocument> {
  const [ended] = await waitForEnds(session, [id], options);
  if (!ended) throw new Error(`operation ${id} has no end`);
  return ended;
}

/** One after the other; they run at the same time, and are shown together. */
async function waitForEnds(
  session: Session,
  ids: readonly string[],
  { isShownElsewhere }: { readonly isShownElsewhere: boolean },
): Promise<readonly AnyOperationDocument[]> {
  const { client, signal, say, stderr } = session;
  const progress = createProgress(stderr);
  const notify = (message: string) => progress.above(() => say(message));
  let hasEnded = false;
  try {
    let isWaitingForPeople = false;
    const states = ids.length === 1 ? [] : await Promise.all(ids.map((id) => getOperation(client, id)));
    for (const [index, id] of ids.entries()) {
      const onChange = (state: AnyOperationDocument) => {
        states[index] = state;
        progress.show(together(states));
        if (state.phase !== "awaitingApproval" || isWaitingForPeople) return;
        isWaitingForPeople = true;
        for (const reason of reasonsOf(state)) notify(reason);
        notify(`It waits for an approval. What is asked for: mooring status ${id}`);
      };
      states[index] = await followOperation(client, id, { signal, notify, onChange });
    }
    hasEnded = true;
    return states;
  } catch (error) {
    if (error instanceof Failure) throw goesOn(error, ids);
    throw error;
  } finally {
    progress.end({ isShownElsewhere: hasEnded && isShownElsewhere });
  }
}

/** Adds that the operation continues without the program that watches it. */
function goesOn(error: Failure, ids: readonly string[]): Failure {
  const next = ids.flatMap((id) => [
    `The operation goes on. To look at it: mooring status ${id}`,
    `To stop and undo it: mooring cancel ${id}`,
  ]);
  if (error instanceof Interrupted) return new Interrupted(error.exitCode, { next });
  if (error instanceof TimedOut) return new TimedOut(error.message, { next, cause: error });
  if (error instanceof Unreachable)
    return new Unreachable(error.message, { next: [...error.next, ...next], cause: error });
  return error;
}

function reasonsOf(operation: AnyOperationDocument): readonly string[] {
  return operation.kind === "batch" ? [] : (operation.approval?.reasons ?? []);
}
