/** A list of what waits for approval. */
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
      { title: "CHANGES", cell: changesOf, wraps: true },
      { title: "WAITS", cell: ({ approval }) => age(approval.requestedTime, now), goes: 2 },
      { title: "LEFT", cell: ({ approval }) => age(now.toISOString(), new Date(approval.expiresTime)), goes: 3 },
      { title: "GIVEN", cell: ({ approval: { given = [], needed = 1 } }) => `${given.length} of ${needed}`, goes: 1 },
      { title: "APPROVERS", cell: approversOf, isWide: true },
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

/** `onboard +2` counts targets; a change reads `change +1 ~1 -1, settings`. */
function changesOf({ kind, request, replaces: earlier }: AwaitingDocument): string {
  const replaces: object = earlier ?? {};
  const isTarget = ({ field }: Difference) =>
    [...targetsOf(request), ...targetsOf(replaces)].some(({ noun, key }) => `${noun} ${key}` === field);
  const differences = differencesOf(replaces, request);
  const targets = differences.filter(isTarget);
  const counts = [
    ["+", targets.filter(({ current }) => current === null).length],
    ["~", targets.filter(({ current, desired }) => current !== null && desired !== null).length],
    ["-", targets.filter(({ desired }) => desired === null).length],
  ] as const;
  const counted = counts.flatMap(([sign, number]) => (number === 0 ? [] : [`${sign}${number}`]));
  const isSet = earlier !== undefined && differences.length > targets.length;
  return `${kind} ${[...(counted.length === 0 ? [] : [counted.join(" ")]), ...(isSet ? ["settings"] : [])].join(", ")}`;
}

/** A person who decides must satisfy every one of these. */
function approversOf({ approval: { approvers } }: AwaitingDocument): string {
  const teams = new Set(approvers.flatMap(({ team }) => team ?? []));
  return teams.size === 0 ? "anyone with Onboarding.Approve" : `team ${[...teams].join(" and ")}`;
}
