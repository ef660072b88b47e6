/** The plans of a batch: one line for each namespace, with what blocks it. */

import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { isChange } from "../../src/domain/operation/actions.ts";
import type { BatchPlan, PlannedItem } from "../../src/domain/operation/batch.ts";
import type { OperationError } from "../../src/domain/operation/operation.ts";
import { lossText } from "../../src/domain/request/lossText.ts";
import { facts } from "./facts.ts";
import { fixFacts } from "./fixFacts.ts";
import { table } from "./table.ts";
import type { Style, View } from "./view.ts";

export function batchPlanLines({ totals, items }: BatchPlan, view: View): readonly string[] {
  const { requests, ready, blocked, refused, notPlanned } = totals;
  const counts = [
    `${ready} of ${requests} ready`,
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(notPlanned > 0 ? [`${notPlanned} not planned in time; ask for these again`] : []),
  ];
  return [
    `${view.paint("bold", "batch")}  ${counts.join(", ")}`,
    ...table(
      items,
      [
        { title: "NAMESPACE", cell: ({ cluster, namespace }) => `${cluster}/${namespace}` },
        { title: "PLAN", cell: ({ status }) => status, style: styleOfPlan },
        { title: "WRITES", cell: countWrites },
        { title: "APPROVAL", cell: ({ plan }) => (plan && plan.needsApproval.length > 0 ? "needed" : "") },
      ],
      view,
    ),
    ...facts(
      items.flatMap(({ cluster, namespace, plan }) =>
        (plan?.removes ?? []).map((loss) => [`${cluster}/${namespace}`, `removes ${lossText(loss)}`] as const),
      ),
      view,
    ).map((line) => view.paint("red", line)),
    ...items.flatMap(({ cluster, namespace, plan, error }) =>
      [...(error ? [error] : []), ...(plan?.steps.flatMap(({ blockers }) => blockers) ?? [])].flatMap((each) =>
        describeError({ cluster, namespace }, each, view),
      ),
    ),
  ];
}

function styleOfPlan({ status }: PlannedItem): Style {
  return status === "ready" ? "green" : status === "notPlanned" ? "yellow" : "red";
}

function countWrites({ plan }: PlannedItem): string {
  if (!plan) return "";
  return String(plan.steps.filter(({ action }) => isChange(action)).length);
}

function describeError(namespaceRef: NamespaceRef, error: OperationError, view: View): readonly string[] {
  const { code, message } = error;
  return [
    "",
    ...facts(
      [[`${namespaceRef.cluster}/${namespaceRef.namespace}`, `${code}: ${message}`], ...fixFacts(error, namespaceRef)],
      view,
    ),
  ];
}
