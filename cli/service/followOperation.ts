/** An operation as it goes along, put together from what the service tells of it. */
import type { OperationStatus } from "../../src/domain/operation/operation.ts";
import type { Client } from "./client.ts";
import type { Item, Operation, OperationSummary, Step } from "./documents.ts";
import { type FollowOptions, follow, type ServerEvent } from "./events.ts";

export function hasEnded({ status }: { readonly status: OperationStatus }): boolean {
  return status === "Succeeded" || status === "Failed" || status === "Canceled";
}

/** All items of a batch: a page holds so many. */
const everyItem = { top: "1000" };

export function getOperation({ json }: Pick<Client, "json">, id: string): Promise<Operation> {
  return json<Operation>({ method: "GET", path: `/api/operations/${id}`, query: everyItem }, ["id", "status"]);
}

/** Returns how it ended. `onChange` takes each state before, also the one that was met first, unless that was the end. */
export async function followOperation(
  client: Client,
  id: string,
  { onChange, ...options }: FollowOptions & { readonly onChange: (operation: Operation) => void },
): Promise<Operation> {
  let operation = await getOperation(client, id);
  if (hasEnded(operation)) return operation;
  onChange(operation);
  for await (const event of follow(client, `/api/operations/${id}/events`, options)) {
    operation = apply(operation, event);
    onChange(operation);
  }
  return await getOperation(client, id);
}

function apply(operation: Operation, { event, data }: ServerEvent): Operation {
  switch (event) {
    case "operation":
      return { ...operation, ...(data as OperationSummary) };
    case "step":
      return { ...operation, steps: put(operation.steps ?? [], data as Step, isSameStep) };
    case "item":
      return withItem(operation, data as Item);
    default:
      return operation;
  }
}

/** The service counts again when the batch itself changes; between that, the items that came are counted here. */
function withItem(operation: Operation, item: Item): Operation {
  const items = put(operation.items ?? [], item, (a, b) => a.index === b.index);
  const count = (status: OperationStatus) => items.filter((each) => each.status === status).length;
  const totals = {
    requests: operation.requests ?? items.length,
    notStarted: count("NotStarted"),
    running: count("Running"),
    succeeded: count("Succeeded"),
    unchanged: items.filter(({ outcome }) => outcome === "unchanged").length,
    failed: count("Failed"),
    canceled: count("Canceled"),
  };
  return { ...operation, items, totals };
}

function isSameStep(a: Step, b: Step): boolean {
  return a.name === b.name && a.target === b.target;
}

/** In its place, or at the end: undos are not among the steps that were planned. */
function put<T>(list: readonly T[], item: T, isSame: (a: T, b: T) => boolean): readonly T[] {
  const index = list.findIndex((each) => isSame(each, item));
  return index < 0 ? [...list, item] : list.with(index, item);
}
