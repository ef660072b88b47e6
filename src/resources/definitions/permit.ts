/**
 * The permit to give a namespace one of its targets. Only `askToGive` makes one, and whatever gives access demands it, so that no operation
 * gives without having asked for team, approval, environment, expiry and place.
 */
import { findCrossings } from "../../domain/catalog/environments.ts";
import { errorOf } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { teamOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type ApprovalReason, needsApproval } from "../../domain/policy/approval.ts";
import { type Denial, whyMoved, whyNotGiven } from "../../domain/policy/giving.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Targets } from "../../domain/targets/index.ts";
import { keysIn, withRevisedTargets } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";

declare const permitted: unique symbol;
export interface Permit {
  readonly [permitted]: true;
  /** Whether the namespace's record begins with this operation: what an earlier one gave was then asked for by nobody whom the registry knows. */
  readonly isFirst: boolean;
  /** What the namespace's record says of the places of its targets. */
  readonly record: Pick<NamespaceRecord, "places" | "servers"> | undefined;
}

type Asking = Pick<Ports, "catalog" | "registry">;

interface ToGive extends NamespaceRef {
  readonly operation: string;
  /** The one target. */
  readonly wanted: Targets;
  readonly isRepair: boolean;
  /** It only looks: an onboarding or a change asks for approval afterwards. */
  readonly isPlan: boolean;
}

/** Throws why not, with a code that a repair leaves the target with (leftCatalog.ts). */
export async function askToGive(ports: Asking, toGive: ToGive): Promise<Permit> {
  const { cluster, namespace, operation, wanted, isRepair, isPlan } = toGive;
  const record = await ports.registry.getNamespace({ cluster, namespace });
  if (record && (isRepair || record.operation === operation)) {
    const request = { ...withoutTargets(record.request), ...wanted };
    throwDenied(await findDenied(ports, record, { request, ignoresApproval: isPlan && !isRepair }));
  } else {
    // A dry run was admitted just now, and nothing is recorded of it yet.
    const [crossed] = findCrossings(ports.catalog, { cluster, ...wanted });
    if (crossed) throw errorOf(crossed.code, `${crossed.detail}.`);
    const moved = whyMoved(ports.catalog, wanted, { servers: record?.servers });
    if (moved) throw errorOf(moved.code, moved.message);
  }
  const isFirst = !record || (record.operation === operation && record.previous === undefined);
  // The only place where a permit is made.
  return { isFirst, record } as Permit;
}

export function withoutTargets(request: OnboardingRequest): OnboardingRequest {
  return withRevisedTargets(request, () => undefined);
}

export function throwDenied(denied: Awaited<ReturnType<typeof findDenied>>): void {
  const [first] = denied.values();
  if (first) throw errorOf(first.code, first.message);
}

interface Denying {
  readonly request?: OnboardingRequest;
  /** The operation asks for it when it has looked, or gives nothing that was not approved. */
  readonly ignoresApproval?: boolean;
}

/** What the catalog's rules now forbid of the request's targets, by their keys. */
export async function findDenied(
  { catalog, registry }: Asking,
  record: NamespaceRecord,
  { request = record.request, ignoresApproval = false }: Denying = {},
): Promise<ReadonlyMap<string, Denial>> {
  const team = teamOf(record);
  const keys = keysIn(request);
  const asks = !ignoresApproval && needsApproval(catalog, request, team).length > 0;
  const approved = asks
    ? await approvedBy(
        { registry },
        keys.flatMap((key) => givers(record, key)),
      )
    : undefined;
  const giving = { request, team, remembered: record, now: Date.now() };
  return new Map(
    keys.flatMap((key) => {
      const isApproved = ({ what }: ApprovalReason) =>
        !approved || givers(record, key).some((operation) => approved.get(operation)?.has(what));
      const denied = whyNotGiven(catalog, { ...giving, isApproved }, key);
      return denied ? [[key, denied] as const] : [];
    }),
  );
}

/** The operations that gave what the namespace has of the target, or give it now: the whole request of each was approved, or none of it. */
function givers({ state, operation, onboardedBy, given = {} }: NamespaceRecord, key: string): readonly string[] {
  const now = state === "Onboarding" || state === "Changing" ? operation : undefined;
  return [now, onboardedBy, lookUp(given, key)?.operation].filter((each) => each !== undefined);
}

/** Why each of the operations was approved. */
async function approvedBy(
  { registry }: Pick<Ports, "registry">,
  operations: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = await Promise.all([...new Set(operations)].map((id) => registry.getOperation(id)));
  return new Map(
    found.flatMap((each) =>
      each?.approval?.decision?.kind === "approved" ? [[each.id, new Set(each.approval.reasons)] as const] : [],
    ),
  );
}
