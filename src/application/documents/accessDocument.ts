/** Each target that a namespace has, with who gave it, and what others gave there. */
import { defined } from "../../domain/defined.ts";
import type { AccessDocument } from "../../domain/documents/access.ts";
import { onboardedBefore, requestForTeam } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import type { Approval } from "../../domain/policy/approval.ts";
import { endsOf } from "../../domain/request/expiry.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { everyKind } from "../../domain/targets/index.ts";
import type { Ports } from "../../ports/index.ts";

/** A target, or everything below it: `sql-dev` covers `sql-dev/messages`. */
function isWithin(target: string, wanted: string): boolean {
  return target === wanted || target.startsWith(`${wanted}/`);
}

/** The targets of these namespaces; of one target only, or of what is below it, if `wanted` names one. */
export async function accessOf(
  { registry }: Pick<Ports, "registry">,
  records: readonly NamespaceRecord[],
  wanted?: string,
): Promise<readonly AccessDocument[]> {
  const found = records.flatMap((record) =>
    targetsIn(record)
      .filter(({ target }) => wanted === undefined || isWithin(target, wanted))
      .map((each) => ({ record, ...each })),
  );
  const ids = [
    ...new Set(found.flatMap(({ record, target }) => record.given?.[target]?.operation ?? record.onboardedBy ?? [])),
  ];
  const operations = new Map(await Promise.all(ids.map(async (id) => [id, await registry.getOperation(id)] as const)));
  return found.map(({ record, kind, target, access }) => {
    const { cluster, namespace, team, state, findings = [], verifiedTime, onboardedTime, onboardedBy } = record;
    const { since, operation } = record.given?.[target] ?? { since: onboardedTime, operation: onboardedBy };
    const others = findings.filter((each) => each.target === target && each.expected === null);
    return {
      ...{ cluster, namespace, ...defined({ team }), state, kind, target, access: [...access] },
      ...defined({ since, until: endsOf(requestForTeam(record)).get(target), operation }),
      ...sourceOf(operation === undefined ? undefined : operations.get(operation)),
      others: others.map(({ code, field, found: there }) => ({ code, field, found: there ?? "" })),
      ...defined({ verifiedTime }),
    };
  });
}

/** Whether the namespace has such a target. */
export function reaches(record: NamespaceRecord, wanted: string): boolean {
  return targetsIn(record).some(({ target }) => isWithin(target, wanted));
}

interface Held {
  readonly kind: string;
  readonly target: string;
  readonly access: readonly string[];
}

/** What it has or is about to get: until an operation has ended, what it takes away may still be there. */
function targetsIn(record: NamespaceRecord): readonly Held[] {
  const request = requestForTeam(record);
  const earlier = onboardedBefore(record);
  const has = (of: OnboardingRequest): readonly Held[] =>
    everyKind.flatMap((kind) =>
      kind.keys(of).map((target) => ({ kind: kind.noun, target, access: kind.access(of, target) })),
    );
  const now = has(request);
  const before = earlier === undefined ? [] : has(earlier);
  const all = [...now, ...before.filter(({ target }) => !now.some((each) => each.target === target))];
  return all.map((each) => {
    const old = before.find(({ target }) => target === each.target)?.access ?? [];
    return { ...each, access: [...new Set([...each.access, ...old])] };
  });
}

function sourceOf(operation: OperationRecord | undefined): Pick<AccessDocument, "requestedBy" | "approvedBy"> {
  return { ...defined({ requestedBy: operation?.requestedBy }), approvedBy: [...approversIn(operation?.approval)] };
}

function approversIn(approval: Approval | undefined): readonly string[] {
  const { given = [], decision } = approval ?? {};
  const last = decision?.kind === "approved" ? decision.by : undefined;
  return [...new Set([...given.map(({ by }) => by), ...(last === undefined ? [] : [last])])];
}
