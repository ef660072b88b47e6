/** Follows an operation to its end, and says so when whoever waits goes away before. */
import type { BatchDocument, BatchItemDocument } from "../src/domain/documents/batch.ts";
import type { BatchChange, ItemChange, OperationChange, StepChange } from "../src/domain/documents/feed.ts";
import type { AnyOperationDocument, OperationDocument, StepDocument } from "../src/domain/documents/operation.ts";
import type { OperationStatus } from "../src/domain/operation/operation.ts";
import { exitCodes, Failure, Interrupted, TimedOut, Unreachable } from "./failures.ts";
import { operationLines } from "./output/operation.ts";
import { createProgress } from "./output/progress.ts";
import type { Client } from "./service/client.ts";
import { follow, type ServerEvent } from "./service/events.ts";
import type { Session } from "./session.ts";

export function hasEnded({ status }: { readonly status: OperationStatus }): boolean {
  return status === "Succeeded" || status === "Failed" || status === "Canceled";
}

/** Of an operation that has ended. Whoever canceled it wanted that. */
export function exitCodeOf(
  { status }: { readonly status: OperationStatus },
  { wanted = "Succeeded" }: { wanted?: OperationStatus } = {},
): number {
  return status === wanted ? exitCodes.done : exitCodes.refused;
}

/** All items of a batch: a page holds so many. */
const everyItem = { top: "1000" };

export function getOperation({ json }: Pick<Client, "json">, id: string): Promise<AnyOperationDocument> {
  return json<AnyOperationDocument>({ method: "GET", path: `/api/operations/${id}`, query: everyItem }, [
    "id",
    "status",
  ]);
}

/** Waits, prints how it ended, and returns the exit code. */
export async function waitAndPrint(
  session: Session,
  id: string,
  options: { wanted?: OperationStatus } = {},
): Promise<number> {
  const operation = await waitForEnd(session, id);
  await printOperation(session, operation);
  return exitCodeOf(operation, options);
}

export async function printOperation(session: Session, operation: AnyOperationDocument): Promise<void> {
  const lines = (view: Parameters<typeof operationLines>[1]) => operationLines(operation, view);
  await session.print({ document: operation, names: [operation.id], lines });
}

async function waitForEnd(session: Session, id: string): Promise<AnyOperationDocument> {
  const { client, signal, say } = session;
  const progress = createProgress(process.stderr);
  const notify = (message: string) => progress.above(() => say(message));
  let isShownElsewhere = false;
  try {
    let operation = await getOperation(client, id);
    let isWaitingForPeople = false;
    if (!hasEnded(operation)) progress.show(operation);
    if (!hasEnded(operation)) {
      for await (const event of follow(client, `/api/operations/${id}/events`, { signal, notify })) {
        operation = apply(operation, event);
        progress.show(operation);
        if (operation.phase === "awaitingApproval" && !isWaitingForPeople) {
          isWaitingForPeople = true;
          for (const reason of reasonsOf(operation)) notify(reason);
          notify(`It waits for an approval. What is asked for: mooring status ${id}`);
        }
      }
      operation = await getOperation(client, id);
    }
    // The end of it is printed on standard output; when that is the same terminal, once is enough.
    isShownElsewhere = process.stdout.isTTY;
    return operation;
  } catch (error) {
    if (error instanceof Failure) throw goesOn(error, id);
    throw error;
  } finally {
    progress.end({ isShownElsewhere });
  }
}

/** The operation does not end with the program that watches it. */
function goesOn(error: Failure, id: string): Failure {
  const next = [
    `The operation goes on. To look at it: mooring status ${id}`,
    `To stop and undo it: mooring cancel ${id}`,
  ];
  if (error instanceof Interrupted) return new Interrupted(error.exitCode, { next });
  if (error instanceof TimedOut) return new TimedOut(error.message, { next, cause: error });
  if (error instanceof Unreachable)
    return new Unreachable(error.message, { next: [...error.next, ...next], cause: error });
  return error;
}

function reasonsOf(operation: AnyOperationDocument): readonly string[] {
  return operation.kind === "batch" ? [] : (operation.approval?.reasons ?? []);
}

function apply(operation: AnyOperationDocument, event: ServerEvent): AnyOperationDocument {
  return operation.kind === "batch" ? applyToBatch(operation, event) : applyToOperation(operation, event);
}

function applyToOperation(operation: OperationDocument, { event, data }: ServerEvent): OperationDocument {
  switch (event) {
    case "operation":
      return { ...operation, ...(data as OperationChange) };
    case "step":
      return { ...operation, steps: put(operation.steps, data as StepChange, isSameStep) };
    default:
      return operation;
  }
}

function applyToBatch(batch: BatchDocument, { event, data }: ServerEvent): BatchDocument {
  switch (event) {
    case "operation": {
      const { totals = batch.totals, ...change } = data as BatchChange;
      return { ...batch, ...change, totals };
    }
    case "item":
      return withItem(batch, data as ItemChange);
    default:
      return batch;
  }
}

/** The service counts again when the batch itself changes; between that, the items that came are counted here. */
function withItem(batch: BatchDocument, item: BatchItemDocument): BatchDocument {
  const items = put(batch.items, item, (a, b) => a.index === b.index);
  const count = (status: OperationStatus) => items.filter((each) => each.status === status).length;
  const totals = {
    requests: batch.requests,
    notStarted: count("NotStarted"),
    running: count("Running"),
    succeeded: count("Succeeded"),
    unchanged: items.filter(({ outcome }) => outcome === "unchanged").length,
    failed: count("Failed"),
    canceled: count("Canceled"),
  };
  return { ...batch, items, totals };
}

function isSameStep(a: StepDocument, b: StepDocument): boolean {
  return a.name === b.name && a.target === b.target;
}

/** In its place, or at the end: undos are not among the steps that were planned. */
function put<T>(list: readonly T[], item: T, isSame: (a: T, b: T) => boolean): T[] {
  const index = list.findIndex((each) => isSame(each, item));
  return index < 0 ? [...list, item] : list.with(index, item);
}
