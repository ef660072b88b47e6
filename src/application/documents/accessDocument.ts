/** Each target that a namespace has, with who gave it, and what others gave there. */
import { defined } from "../../domain/defined.ts";
import type { AccessDocument } from "../../domain/documents/access.ts";
import { earlier } from "../../domain/expiry.ts";
import { berthKey, homeOf, isGuest } from "../../domain/naming/names.ts";
import type { Given } from "../../domain/operation/given.ts";
import { onboardedBefore, requestForTeam } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import type { Approval } from "../../domain/policy/approval.ts";
import { endsOf } from "../../domain/request/expiry.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { everyKind } from "../../domain/targets/index.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { givenByOthers, openedByOthers } from "./givenByOthers.ts";
import { afterRemoval, type Named } from "./removal.ts";

/** A target, or everything below it: `sql-dev` covers `sql-dev/messages`. */
function isWithin(target: string, wanted: string): boolean {
  return target === wanted || target.startsWith(`${wanted}/`);
}

/** The targets of these namespaces; of one target only, or of what is below it, if the query names one. */
export async function accessOf(
  { registry, catalog }: Pick<Ports, "registry" | "catalog">,
  records: readonly NamespaceRecord[],
  named: Named = {},
): Promise<readonly AccessDocument[]> {
  const { target: wanted } = named;
  const held = await Promise.all(
    records.map(async (record) => (await heldBy({ registry, catalog }, record)).map((each) => ({ record, ...each }))),
  );
  const found = held.flat().filter(({ target }) => wanted === undefined || isWithin(target, wanted));
  const ids = [...new Set(found.flatMap((each) => givenTo(each).operation ?? []))];
  const reading = ids.map(async (id) => [id, await unlessUnreadable(registry.getOperation(id))] as const);
  const operations = new Map(await Promise.all(reading));
  return found.map(({ record, ...each }) => {
    const { giver, through, kind, target, access } = each;
    const { cluster, namespace, team, state, onboardedTime } = record;
    const { findings = [], verifiedTime } = giver;
    const { since: given, operation } = givenTo(each);
    const since = through === undefined ? given : later(given, onboardedTime);
    const others = givenByOthers(catalog, findings, target);
    return {
      ...{ cluster, namespace, ...defined({ team }), state, kind, target, access: [...access] },
      ...defined({ through, since, until: endOf(record, giver, target), operation }),
      ...sourceOf(operation === undefined ? undefined : operations.get(operation)),
      others: others.map(({ code, field, found: there }) => ({ code, field, found: there ?? "" })),
      ...defined({ ifRemoved: afterRemoval(named, { kind, access: [...access] }), verifiedTime }),
    };
  });
}

/** A target of the namespace, and the record of the namespace that was given it. */
interface HeldBy extends Held {
  readonly giver: NamespaceRecord;
  /** For a guest: the key of that one. */
  readonly through?: string;
}

/** A guest can reach all that the identity can, whatever it has asked for itself. */
async function heldBy(
  { registry, catalog }: Pick<Ports, "registry" | "catalog">,
  record: NamespaceRecord,
): Promise<readonly HeldBy[]> {
  const { request } = record;
  const own = targetsIn(catalog, record).map((each) => ({ ...each, giver: record }));
  if (!isGuest(request)) return own;
  const through = berthKey(homeOf(request));
  const home = await unlessUnreadable(registry.getNamespace(homeOf(request)).then((found) => found ?? "none"));
  if (home === "none") return own;
  // What it has asked for is a part of what its home has.
  if (!home) return own.map((each) => ({ ...each, through }));
  return targetsIn(catalog, home).map((each) => ({ ...each, giver: home, through }));
}

/** Nobody asked Mooring for what only others gave. */
function givenTo({ giver, target, access }: Pick<HeldBy, "giver" | "target" | "access">): Partial<Given[string]> {
  if (access.length === 0) return {};
  return giver.given?.[target] ?? defined({ since: giver.onboardedTime, operation: giver.onboardedBy });
}

/** Absent while a first operation runs. */
function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}

function endOf(record: NamespaceRecord, giver: NamespaceRecord, target: string): string | undefined {
  const end = endsOf(requestForTeam(giver)).get(target);
  return giver === record ? end : earlier(end, record.request.expiresAt);
}

/** Whether the namespace has such a target. */
export function reaches(catalog: Ports["catalog"], record: NamespaceRecord, wanted: string): boolean {
  return targetsIn(catalog, record).some(({ target }) => isWithin(target, wanted));
}

interface Held {
  readonly kind: string;
  readonly target: string;
  readonly access: readonly string[];
}

/** What it has, with what others alone gave it. */
function targetsIn(catalog: Ports["catalog"], record: NamespaceRecord): readonly Held[] {
  const asked = askedFor(record);
  const others = openedByOthers(catalog, record.findings ?? []).filter(
    ({ target }) => !asked.some((each) => each.target === target),
  );
  return [...asked, ...others.map((each) => ({ ...each, access: [] }))];
}

/** What it has or is about to get: until an operation has ended, what it revokes may still be there. */
function askedFor(record: NamespaceRecord): readonly Held[] {
  const request = requestForTeam(record);
  const replaced = onboardedBefore(record);
  const has = (of: OnboardingRequest): readonly Held[] =>
    everyKind.flatMap((kind) =>
      kind.keys(of).map((target) => ({ kind: kind.noun, target, access: kind.access(of, target) })),
    );
  const now = has(request);
  const before = replaced === undefined ? [] : has(replaced);
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
