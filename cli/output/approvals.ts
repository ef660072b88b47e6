/** A list of what waits for approval. */
import { approversOf } from "../../clients/deciding.ts";
import { differencesOf, targetsOf } from "../../clients/request.ts";
import type { AwaitingDocument } from "../../src/domain/documents/operation.ts";
import type { Difference } from "../../src/domain/operation/plan.ts";
import { targetOf } from "./operation.ts";
import { table } from "./table.ts";
import { age } from "./times.ts";
import type { View } from "./view.ts";

export function approvalTable(waiting: readonly AwaitingDocument[], view: View): readonly string[] {
  if (waiting.length === 0) return ["Nothing waits for your approval."];
  const { now } = view;
  return table(
    waiting,
    [
      { title: "ID", cell: ({ id }) => id },
      { title: "NAMESPACE", cell: targetOf },
      { title: "CHANGES", cell: changesOf },
      { title: "WAITS", cell: ({ approval }) => age(approval.requestedTime, now), goes: 2 },
      { title: "LEFT", cell: ({ approval }) => age(now.toISOString(), new Date(approval.expiresTime)), goes: 3 },
      { title: "GIVEN", cell: ({ approval: { given = [], needed = 1 } }) => `${given.length} of ${needed}`, goes: 1 },
      { title: "APPROVERS", cell: ({ approval }) => approversOf(approval), isWide: true },
      { title: "BY", cell: ({ requestedBy }) => requestedBy, isWide: true },
      { title: "TEAM", cell: ({ team = "" }) => team, isWide: true },
      { title: "SINCE", cell: ({ approval }) => approval.requestedTime, isWide: true },
      { title: "UNTIL", cell: ({ approval }) => approval.expiresTime, isWide: true },
      { title: "REASONS", cell: ({ approval }) => approval.reasons.join(" "), isWide: true },
      { title: "REQUEST-HASH", cell: ({ approval }) => approval.requestHash, isWide: true },
    ],
    view,
  );
}

/** How many targets a row names; the others are counted. */
const named = 3;

/** `onboard +orders`; a change reads `change ~orders -uploads, settings`. A database stands without its server, so that a row fits in a line. */
function changesOf({ kind, request, replaces: earlier }: AwaitingDocument): string {
  const replaces: object = earlier ?? {};
  const isTarget = ({ field }: Difference) =>
    [...targetsOf(request), ...targetsOf(replaces)].some(({ noun, key }) => `${noun} ${key}` === field);
  const differences = differencesOf(replaces, request);
  const targets = differences.filter(isTarget);
  const told = targets.slice(0, named).map(({ field, current, desired }) => {
    const sign = current === null ? "+" : desired === null ? "-" : "~";
    return `${sign}${field.replace(/^.*[ /]/, "")}`;
  });
  const more = targets.length > named ? [`and ${targets.length - named} more`] : [];
  const isSet = earlier !== undefined && differences.length > targets.length;
  return [kind, ...told, ...more].join(" ") + (isSet ? (targets.length > 0 ? ", settings" : " settings") : "");
}
