/** A batch: its totals, and the namespaces that need attention. */
import { hasEnded } from "../../clients/operations.ts";
import { count } from "../../src/domain/count.ts";
import type { BatchDocument, BatchItemDocument } from "../../src/domain/documents/batch.ts";
import type { AnyOperationDocument } from "../../src/domain/documents/operation.ts";
import type { OperationStatus } from "../../src/domain/operation/operation.ts";
import { facts } from "./facts.ts";
import { fixFacts } from "./fixFacts.ts";
import { styleOf } from "./status.ts";
import { table } from "./table.ts";
import { duration } from "./times.ts";
import type { View } from "./view.ts";

export function describeTotals({ totals }: Pick<BatchDocument, "totals">): string {
  const { requests, succeeded, unchanged, failed, canceled, running, notStarted } = totals;
  const parts = [
    `${succeeded} of ${requests} done`,
    ...(unchanged > 0 ? [`${unchanged} of them unchanged`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(canceled > 0 ? [`${canceled} canceled`] : []),
    ...(running > 0 ? [`${running} running`] : []),
    ...(notStarted > 0 ? [`${notStarted} to begin`] : []),
  ];
  return parts.join(", ");
}

/** Batches that are one to the user, as one. A single operation stays as it is. */
export function together(all: readonly AnyOperationDocument[]): AnyOperationDocument {
  const batches = all.filter((each) => each.kind === "batch");
  const [first, ...others] = batches;
  if (!first || others.length === 0) return only(all);
  const sum = (count: (totals: BatchDocument["totals"]) => number) =>
    batches.reduce((total, { totals }) => total + count(totals), 0);
  // What is still running says most of all of them; what has ended, the worst.
  const open = batches.find((each) => !hasEnded(each));
  const worst = batches.find(({ status }) => status !== "Succeeded");
  return {
    ...(open ?? worst ?? first),
    createdTime: first.createdTime,
    ...(open
      ? {}
      : {
          endTime: batches
            .map(({ endTime = "" }) => endTime)
            .toSorted()
            .at(-1),
        }),
    requests: sum(({ requests }) => requests),
    items: batches.flatMap(({ items }) => items).map((item, index) => ({ ...item, index })),
    totals: {
      requests: sum(({ requests }) => requests),
      notStarted: sum(({ notStarted }) => notStarted),
      running: sum(({ running }) => running),
      succeeded: sum(({ succeeded }) => succeeded),
      unchanged: sum(({ unchanged }) => unchanged),
      failed: sum(({ failed }) => failed),
      canceled: sum(({ canceled }) => canceled),
    },
  };
}

function only<T>([first]: readonly T[]): T {
  if (first === undefined) throw new Error("there is nothing to follow");
  return first;
}

export function batchLines({ totals, items, nextLink }: BatchDocument, view: View): readonly string[] {
  const failed = items.filter(({ error }) => error !== undefined);
  return [
    describeTotals({ totals }),
    ...(failed.length === 0 ? [] : [""]),
    ...failed.flatMap((item) => itemError(item, view)),
    ...(items.length === 0 ? [] : ["", ...itemTable(worstFirst(items), view)]),
    ...(nextLink === undefined ? [] : [`and ${totals.requests - items.length} more: -o json has all of them`]),
  ];
}

const ranks: Readonly<Record<OperationStatus, number>> = {
  Failed: 0,
  Canceled: 1,
  Running: 2,
  NotStarted: 3,
  Succeeded: 4,
};

function worstFirst(items: readonly BatchItemDocument[]): readonly BatchItemDocument[] {
  return items.toSorted((a, b) => ranks[a.status] - ranks[b.status]);
}

function itemTable(items: readonly BatchItemDocument[], view: View): readonly string[] {
  return table(
    items,
    [
      { title: "NAMESPACE", cell: ({ cluster, namespace }) => `${cluster}/${namespace}` },
      { title: "STATUS", cell: ({ status }) => status, style: styleOf },
      { title: "OUTCOME", cell: outcomeOf },
      { title: "TIME", cell: ({ startTime, endTime }) => duration(startTime, endTime, view.now), goes: 1 },
      { title: "OPERATION", cell: ({ operation = "" }) => operation, goes: 2 },
    ],
    view,
  );
}

function outcomeOf({ outcome, findings = 0, error }: BatchItemDocument): string {
  if (outcome === undefined) return error?.code ?? "";
  return findings > 0 ? `${outcome}, ${count(findings, "finding")}` : outcome;
}

function itemError({ cluster, namespace, operation, error }: BatchItemDocument, view: View): readonly string[] {
  if (!error) return [];
  return facts(
    [
      ["error", `${cluster}/${namespace}: ${error.code}: ${error.message}`],
      ...fixFacts(error, { cluster, namespace, operation }),
    ],
    view,
  );
}
