/** Follows an operation by applying the service's events to it. */

import { hasEnded, isSameStep } from "../../clients/operations.ts";
import type { BatchDocument, BatchItemDocument } from "../../src/domain/documents/batch.ts";
import type { BatchChange, ItemChange, OperationChange, StepChange } from "../../src/domain/documents/feed.ts";
import type { AnyOperationDocument, OperationDocument } from "../../src/domain/documents/operation.ts";
import type { OperationStatus } from "../../src/domain/operation/operation.ts";
import type { Client } from "./client.ts";
import { type FollowOptions, follow, type ServerEvent } from "./events.ts";

export { hasEnded };

/** All items of a batch; a page holds this many. */
const everyItem = { top: "1000" };

/** Of a batch, only the items with the status, if one is given. */
export function getOperation(
  { json }: Pick<Client, "json">,
  id: string,
  { status }: { readonly status?: string | undefined } = {},
): Promise<AnyOperationDocument> {
  return json({ route: "GET /api/operations/{id}", at: { id }, query: { ...everyItem, status } }, ["id", "status"]);
}

/** Returns the operation when it has ended. `onChange` gets every earlier state, including the first, unless that was the end. */
export async function followOperation(
  client: Client,
  id: string,
  { onChange, ...options }: FollowOptions & { readonly onChange: (operation: AnyOperationDocument) => void },
): Promise<AnyOperationDocument> {
  let operation = await getOperation(client, id);
  if (hasEnded(operation)) return operation;
  onChange(operation);
  for await (const event of follow(client, { route: "GET /api/operations/{id}/events", at: { id } }, options)) {
    operation = apply(operation, event);
    onChange(operation);
  }
  return await getOperation(client, id);
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

/** The service sends counts only when the batch itself changes; in between, the items that arrive are counted here. */
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

/** Replaces the item, or appends it: undos are not among the planned steps. */
function put<T>(list: readonly T[], item: T, isSame: (a: T, b: T) => boolean): T[] {
  const index = list.findIndex((each) => isSame(each, item));
  return index < 0 ? [...list, item] : list.with(index, item);
}
