/** Each target that a namespace has, with who gave it, and what others gave there; apart from it, what is asked for or being removed. */
import { defined } from "../../domain/defined.ts";
import type { AccessDocument } from "../../domain/documents/access.ts";
import { earlier } from "../../domain/expiry.ts";
import { homeOf, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import { awaitsApproval } from "../../domain/operation/awaiting.ts";
import { requestForTeam, requestsOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import type { Standing, StandingState } from "../../domain/operation/standing.ts";
import type { Approval } from "../../domain/policy/approval.ts";
import { keysIn } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { givenByOthers, openedByOthers } from "./givenByOthers.ts";
import { afterRemoval, type Named } from "./removal.ts";
import { readStanding, readStandings } from "./standings.ts";

/** A target, or everything below it: `sql-dev` covers `sql-dev/messages`. */
function isWithin(target: string, wanted: string): boolean {
  return target === wanted || target.startsWith(`${wanted}/`);
}

type Reading = Pick<Ports, "registry" | "catalog">;

/** The targets of these namespaces; of one target only, or of what is below it, if the query names one. */
export async function accessOf(
  { registry, catalog }: Reading,
  records: readonly NamespaceRecord[],
  named: Named = {},
): Promise<readonly AccessDocument[]> {
  const { target: wanted } = named;
  const standings = await readStandings(registry, records);
  const held = await Promise.all(
    records.map(async (record, index) => {
      const rows = await heldBy({ registry, catalog }, record, standings[index] ?? []);
      return rows.map((each) => ({ record, ...each }));
    }),
  );
  const found = held.flat().filter(({ target }) => wanted === undefined || isWithin(target, wanted));
  const ids = [
    ...new Set(found.flatMap(({ by, leavesBy }) => [by.operation, leavesBy].filter((id) => id !== undefined))),
  ];
  const reading = ids.map(async (id) => [id, await unlessUnreadable(registry.getOperation(id))] as const);
  const operations = new Map(await Promise.all(reading));
  const find = (id: string | undefined) => (id === undefined ? undefined : operations.get(id));
  return found.map(({ record, ...each }) => {
    const { giver, through, kind, target, access, state, until, by, leavesBy } = each;
    const { cluster, namespace, team } = record;
    const { findings = [], verifiedTime } = giver;
    const others = isAsked(state) ? [] : givenByOthers(catalog, findings, target);
    return {
      ...{ cluster, namespace, ...defined({ team }), namespaceState: record.state, state },
      ...{ kind, target, access: [...access] },
      ...defined({ through, until, ...by }),
      ...sourceOf(find(by.operation)),
      ...defined({ removal: leavesBy === undefined ? undefined : removalOf(leavesBy, find(leavesBy)) }),
      others: others.map(({ code, field, found: there }) => ({ code, field, found: there ?? "" })),
      ...defined({ ifRemoved: afterRemoval(named, { kind, access: [...access] }), verifiedTime }),
    };
  });
}

/** Not in force, and not said to be. */
function isAsked(state: StandingState): boolean {
  return state === "requested" || state === "awaitingApproval";
}

/** A target of the namespace, and the record of the namespace that was given it. */
interface HeldBy extends Omit<Standing, "isLeaving"> {
  readonly giver: NamespaceRecord;
  /** For a guest: the key of that one. */
  readonly through?: string;
  /** The operation that takes it away. */
  readonly leavesBy: string | undefined;
}

/** A guest can reach all that the identity can, whatever it has asked for itself. */
async function heldBy(
  { registry, catalog }: Reading,
  record: NamespaceRecord,
  standing: readonly Standing[],
): Promise<readonly HeldBy[]> {
  const { request } = record;
  const own = targetsIn(catalog, record, standing);
  if (!isGuest(request)) return own;
  const through = namespaceKey(homeOf(request));
  const home = await unlessUnreadable(registry.getNamespace(homeOf(request)).then((found) => found ?? "none"));
  if (home === "none") return own;
  // What it has asked for is a part of what its home has.
  if (!home) return own.map((each) => ({ ...each, through }));
  const all = targetsIn(catalog, home, await readStanding(registry, home));
  const use = useOf(record, own);
  return use === undefined ? [] : all.map((each) => ({ ...used(each, use, record), through }));
}

/** Whether the guest may use the identity of its home, as far as its own record says. */
function useOf({ state }: NamespaceRecord, own: readonly HeldBy[]): HeldBy | undefined {
  const [first] = own.toSorted((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state));
  return first && state === "Incomplete" ? { ...first, state: "unknown" } : first;
}

const rank: readonly StandingState[] = ["inForce", "beingRemoved", "unknown", "awaitingApproval", "requested"];

function used(of: HeldBy, use: HeldBy, { request, operation, onboardedTime }: NamespaceRecord): HeldBy {
  const until = earlier(of.until, request.expiresAt);
  if (isAsked(of.state)) return { ...of, until };
  const since = later(of.by.since, onboardedTime);
  const by = isAsked(use.state) ? { operation } : { ...of.by, since };
  const state = rank[Math.max(rank.indexOf(of.state), rank.indexOf(use.state))] ?? of.state;
  return { ...of, until, state, by: defined(by), leavesBy: of.leavesBy ?? use.leavesBy };
}

/** Absent while a first operation runs. */
function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}

/** Whether the namespace has such a target, or may have it or be about to get it. */
export function reaches(catalog: Ports["catalog"], record: NamespaceRecord, wanted: string): boolean {
  const asked = requestsOf({ ...record, request: requestForTeam(record) });
  const all = asked.flatMap(keysIn);
  const others = openedByOthers(catalog, record.findings ?? []);
  return [...all, ...others.map(({ target }) => target)].some((target) => isWithin(target, wanted));
}

/** What it has and what is asked for, with what others alone gave it. */
function targetsIn(
  catalog: Ports["catalog"],
  record: NamespaceRecord,
  standing: readonly Standing[],
): readonly HeldBy[] {
  const isThere = ({ target }: { readonly target: string }) =>
    standing.some((each) => each.target === target && !isAsked(each.state));
  const others = openedByOthers(catalog, record.findings ?? []).filter((each) => !isThere(each));
  // Nobody asked Mooring for what only others gave.
  const ofNobody = { access: [], state: "inForce", until: undefined, by: {}, isLeaving: false } as const;
  return [...standing, ...others.map((each) => ({ ...each, ...ofNobody }))].map(({ isLeaving, ...each }) => ({
    ...each,
    ...{ giver: record, leavesBy: isLeaving ? record.operation : undefined },
  }));
}

function removalOf(id: string, operation: OperationRecord | undefined): NonNullable<AccessDocument["removal"]> {
  const asked = defined({ requestedBy: operation?.requestedBy });
  return { operation: id, ...asked, awaitsApproval: operation !== undefined && awaitsApproval(operation) };
}

function sourceOf(operation: OperationRecord | undefined): Pick<AccessDocument, "requestedBy" | "approvedBy"> {
  return { ...defined({ requestedBy: operation?.requestedBy }), approvedBy: [...approversIn(operation?.approval)] };
}

function approversIn(approval: Approval | undefined): readonly string[] {
  const { given = [], decision } = approval ?? {};
  const last = decision?.kind === "approved" ? decision.by : undefined;
  return [...new Set([...given.map(({ by }) => by), ...(last === undefined ? [] : [last])])];
}
