/** Whether a request may proceed: its team, whether the namespace is free for that team, and the team's quota. */

import type { Caller } from "../../domain/access/caller.ts";
import { count } from "../../domain/count.ts";
import { defined } from "../../domain/defined.ts";
import { lookUp } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { decideTeam, mayOperate } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { ClaimContext } from "./claimContext.ts";

export interface AdmissionOptions {
  /** Gives the request's team a namespace that another team has, or one that was recreated. */
  readonly takeOver?: boolean;
  /** The ID of an identity that Mooring made or used, and that no record knows, or any: an operator has decided that it may be used. */
  readonly adoptIdentity?: string | undefined;
  /** Whether the namespace may lose what it has (docs/adr/0022): without that, such a request is refused. */
  readonly isRemovalConfirmed?: boolean;
  /** Waits briefly for an operation that has ended but has not yet released the namespace. On by default. */
  readonly isPatient?: boolean;
  /**
   * Throws when the namespace is not as the caller saw it; called last. `isDone`: it is already onboarded as requested, or an
   * operation for the same request is running.
   */
  readonly expect?: (current: NamespaceRecord | undefined, isDone: boolean) => void;
}

export interface Admission {
  readonly team: string | undefined;
  readonly takeOver: boolean;
}

export function admit(
  { ports, by }: Pick<ClaimContext, "by"> & { readonly ports: Pick<Ports, "catalog"> },
  request: OnboardingRequest,
  { takeOver = false, adoptIdentity }: AdmissionOptions = {},
): Admission {
  const about = { cluster: request.cluster, namespace: request.namespace };
  if (takeOver) expectOperator(by, "takeOver=true", about);
  if (adoptIdentity !== undefined) expectOperator(by, "adoptIdentity", about);
  const decision = decideTeam(ports.catalog, by, request, Date.now());
  if (!("denial" in decision)) return { team: decision.team, takeOver };
  const { code, message, errors } = decision.denial;
  throw new Refusal(code, message, { about, ...defined({ errors }) });
}

export function expectOperator(by: Caller, decides: string, about?: NamespaceRef): void {
  if (mayOperate(by)) return;
  throw new Refusal("FORBIDDEN", `${decides} needs the app role Onboarding.Operate.`, defined({ about }));
}

/**
 * The team that owns the namespace from now on. A namespace stays with its team; an operator who names no team means that
 * one.
 */
export function ownerAfter(
  { by }: Pick<ClaimContext, "by">,
  { team, takeOver }: Admission,
  current: NamespaceRecord | undefined,
): string | undefined {
  if (!current) return team;
  if (takeOver) return team ?? current.team;
  if (current.team === team || (team === undefined && mayOperate(by))) return current.team;
  const about = { cluster: current.cluster, namespace: current.namespace };
  throw new Refusal("NAMESPACE_TAKEN", `${namespaceKey(current)} belongs to another team.`, { about });
}

/**
 * Inserts the record of a new namespace unless the team has used up its quota. False when there is already a record.
 * `operation` is what is recorded, as failed, if the namespace has to give way and the operation never runs.
 */
export async function insertWithinQuota(
  ports: Ports,
  record: NamespaceRecord,
  operation: OperationRecord,
): Promise<boolean> {
  const { registry, catalog } = ports;
  const { team } = record;
  const quota = team === undefined ? undefined : lookUp(catalog.teams, team)?.quota;
  if (team === undefined || quota === undefined) return registry.insertNamespace(record);

  return ports.admissions.run(team, async () => {
    if ((await registry.countNamespaces(team)) >= quota) {
      // This namespace itself may fill the quota: the same request came twice, and the other one was faster.
      if (await registry.getNamespace(record)) return false;
      throw exceeded(record, quota);
    }
    if (!(await registry.insertNamespace(record))) return false;
    // Another instance of the service may have counted at the same moment, so count again with the record in place. The quota
    // is never exceeded this way; at worst, both give way.
    if ((await registry.countNamespaces(team)) <= quota) return true;
    await giveWay(ports, operation);
    throw exceeded(record, quota);
  });
}

/** Refuses another namespace for a team that has used up its quota. */
export async function expectQuota(
  { registry, catalog }: Pick<Ports, "registry" | "catalog">,
  wanted: Pick<NamespaceRecord, "team"> & NamespaceRef,
): Promise<void> {
  const { team } = wanted;
  const quota = team === undefined ? undefined : lookUp(catalog.teams, team)?.quota;
  if (team === undefined || quota === undefined) return;
  if ((await registry.countNamespaces(team)) >= quota) throw exceeded(wanted, quota);
}

async function giveWay({ registry }: Ports, operation: OperationRecord): Promise<void> {
  const current = await registry.getNamespace(operation);
  if (current?.operation === operation.id) await registry.removeNamespace(current);
  // The same request may have come again, alone or in a batch, and got this operation, which will not run. Record it in any
  // case: a request that read the namespace's record earlier may be about to answer with it.
  const error = toOperationError("QUOTA_EXCEEDED", "Another namespace of the team was faster.");
  const end = { status: "Failed" as const, endTime: new Date().toISOString(), error };
  await registry.insertOperation({ ...operation, ...end });
  await registry.updateOperation(operation.id, end);
}

function exceeded({ team, cluster, namespace }: Pick<NamespaceRecord, "team"> & NamespaceRef, quota: number): Refusal {
  const about = { cluster, namespace };
  return new Refusal("QUOTA_EXCEEDED", `Team "${team}" already has its ${count(quota, "namespace")}.`, { about });
}
