/** Operations as a list, newest first. */

import type { AnySummary } from "../../src/domain/documents/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { ranFor, targetOf, titleOf } from "./operation.ts";
import { styleOf } from "./status.ts";
import { type Column, table } from "./table.ts";
import { age } from "./times.ts";
import type { View } from "./view.ts";

export function operationTable(operations: readonly AnySummary[], view: View): readonly string[] {
  return table(operations, operationColumns(operations, view), view);
}

function stillToUndo(operation: AnySummary) {
  return operation.kind === "batch" ? undefined : operation.stillToUndo;
}

/** Since when undos wait, and why: `5m CLUSTER_UNREACHABLE`. */
function waitOf(operation: AnySummary, now: Date): string {
  const waiting = stillToUndo(operation);
  return waiting ? [age(waiting.since, now), ...(waiting.error ? [waiting.error.code] : [])].join(" ") : "";
}

export function operationColumns(operations: readonly AnySummary[], view: View): readonly Column<AnySummary>[] {
  const { now } = view;
  const phaseOf = (operation: AnySummary) => (operation.kind === "batch" ? undefined : operation.phase);
  const isAnyWaiting = operations.some((each) => phaseOf(each) === "awaitingApproval");
  return [
    { title: "ID", cell: ({ id }) => id },
    { title: "KIND", cell: titleOf, goes: 2 },
    { title: "STATUS", cell: ({ status }) => status, style: styleOf },
    // Only waiting operations are worth its width.
    { title: "PHASE", cell: (each) => phaseOf(each) ?? "", ...(isAnyWaiting ? {} : { isWide: true }) },
    { title: "AGE", cell: ({ createdTime }) => age(createdTime, now), goes: 1 },
    { title: "NAMESPACE", cell: targetOf },
    {
      title: "TO UNDO",
      cell: (each) => stillToUndo(each)?.undos.map(stepInWords).join(", ") ?? "",
      wraps: true,
      goes: 3,
      ...(operations.some(stillToUndo) ? {} : { isWide: true }),
    },
    {
      title: "UNDO WAITS",
      cell: (each) => waitOf(each, now),
      goes: 4,
      ...(operations.some(stillToUndo) ? {} : { isWide: true }),
    },
    {
      title: "TOOK",
      cell: (each) => (each.endTime ? ranFor(each, now) : ""),
      isWide: true,
    },
    { title: "ERROR", cell: ({ error }) => error?.code ?? "", isWide: true },
    { title: "TEAM", cell: ({ team = "" }) => team, isWide: true },
    { title: "BY", cell: ({ requestedBy }) => requestedBy, isWide: true },
    { title: "TRACE", cell: ({ traceId = "" }) => traceId, isWide: true },
  ];
}
