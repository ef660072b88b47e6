/**
 * From a claim (admission/claim.ts) to a running operation. The orchestration starts after the record is written;
 * a timer (recovery/recoverOperation.ts) recovers from a crash in between, so an accepted request is never lost.
 */
import { messageOf } from "../../domain/messageOf.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { launchOf, type NextRun } from "../../domain/operation/launch.ts";
import { beginCompensation, isHeld, kindOf, operationOf, teamOf } from "../../domain/operation/lifecycle.ts";
import type { HeldRecord, NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationKind } from "../../domain/operation/operation.ts";
import { needsApproval } from "../../domain/policy/approval.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { inTrace } from "../../telemetry/spans.ts";
import type { AdmissionOptions } from "../admission/admission.ts";
import { beginningOf, type Claim, claimOnboarding } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { claimOffboarding, claimUpkeep } from "../admission/claimExisting.ts";
import { claimExpired } from "../admission/claimExpired.ts";
import { amend } from "../amend.ts";
import { type Compensating, findCompensation } from "../decisions/compensation.ts";

export interface Accepted {
  readonly operation: string;
  readonly kind: OperationKind;
  /** False when the operation already existed before this request. */
  readonly isNew: boolean;
  /** The requested state already exists: nothing has to be done. */
  readonly isUnchanged?: boolean;
  /** Why an operation that has begun will wait for approval, once it has checked what it would write. */
  readonly needsApproval?: readonly string[];
}

export interface AcceptanceContext extends ClaimContext {
  readonly client: RuntimeClient;
  readonly warn: (message: string) => void;
  /** An earlier try of the request, with unknown outcome, may have begun `operation`. */
  readonly isRepeated?: boolean;
}

/** An acceptance whose operation has its ID before it begins, so that a try recognizes what another one has begun. */
export type AcceptanceContextWithId = AcceptanceContext & { readonly operation: string };

/** Whatever became of the operation that an earlier try began, it is the answer: nothing begins twice. */
async function acceptOnce(
  acceptance: AcceptanceContext,
  accept: (acceptance: AcceptanceContextWithId) => Promise<Accepted>,
): Promise<Accepted> {
  const { operation = createOperationId(new Date()), isRepeated = false, ports } = acceptance;
  const begun = isRepeated ? await ports.registry.getOperation(operation) : undefined;
  return begun ? { operation, kind: begun.kind, isNew: false } : await accept({ ...acceptance, operation });
}

export async function acceptOnboarding(
  acceptance: AcceptanceContext,
  request: OnboardingRequest,
  options: AdmissionOptions = {},
): Promise<Accepted> {
  return await acceptOnce(acceptance, async (own) => {
    const { record, how } = await claimOnboarding(own, request, options);
    if (how === "begun") {
      const reasons = needsApproval(own.ports.catalog, record.request, teamOf(record));
      return { ...(await begin(own, record)), needsApproval: reasons.map(({ what }) => what) };
    }
    return { ...(await attach(own, record)), isUnchanged: how === "unchanged" };
  });
}

export const acceptOffboarding = accepting(claimOffboarding);
/** Starts a repair or a migration. */
export const acceptUpkeep = accepting(claimUpkeep);
/** Starts what revokes access that has ended. */
export const acceptExpired = accepting(claimExpired);

function accepting<A extends readonly unknown[]>(claim: (own: ClaimContext, ...asked: A) => Promise<Claim>) {
  return async (acceptance: AcceptanceContext, ...asked: A): Promise<Accepted> =>
    await acceptOnce(acceptance, async (own) => {
      const { record, how } = await claim(own, ...asked);
      return how === "begun" ? await begin(own, record) : await attach(own, record);
    });
}

/** Reruns the undos that failed in the given operation, provided that nothing has happened to the namespace since. */
export async function acceptCompensation(
  acceptance: AcceptanceContext,
  id: string,
  { expect }: Pick<Compensating, "expect"> = {},
): Promise<Accepted> {
  const { registry } = acceptance.ports;
  return await acceptOnce(acceptance, async (own) => {
    const { record, change } = await amend({
      what: `What operation ${id} left undone`,
      read: () => findCompensation(registry, id, { by: own.by, expect }),
      next: ({ current, compensates, isSame }) =>
        isSame ? undefined : beginCompensation(current, beginningOf(own), compensates),
      write: ({ current: { etag } }, next) => registry.replaceNamespace({ ...next, etag }),
    });
    return change ? begin(own, change) : attach(own, record.current);
  });
}

/**
 * Answers with the operation that already has this request. Writes its record, too, in case the first caller died; and starts
 * it, if that was an earlier try of this request.
 */
async function attach(acceptance: AcceptanceContextWithId, record: NamespaceRecord): Promise<Accepted> {
  const { operation } = record;
  const { registry } = acceptance.ports;
  const known = await registry.getOperation(operation);
  // A started operation is resumed with what it has done, but elsewhere.
  const isToStart = operation === acceptance.operation && (!known || known.status === "NotStarted");
  if (isToStart && isHeld(record)) return await begin(acceptance, record);
  if (known) return { operation, kind: known.kind, isNew: false };
  await registry.insertOperation(operationOf(record));
  return { operation, kind: kindOf(record), isNew: false };
}

async function begin(acceptance: AcceptanceContext, record: HeldRecord): Promise<Accepted> {
  const { operation } = record;
  await acceptance.ports.registry.insertOperation(operationOf(record));
  try {
    await startOperation(acceptance.client, acceptance.ports, record);
  } catch (error) {
    // The request is accepted all the same: the timer starts the operation.
    const reason = messageOf(error);
    acceptance.warn(logLine("operation not started yet", { operation, reason, traceId: traceIdIn(record) }));
  }
  return { operation, kind: kindOf(record), isNew: true };
}

/** Starts the orchestration of the operation that holds the record. */
export async function startOperation(
  client: RuntimeClient,
  { catalog }: Pick<Ports, "catalog">,
  record: HeldRecord,
  next?: NextRun,
): Promise<void> {
  const { operation: instanceId, traceparent } = record;
  const { orchestration, input } = launchOf(catalog, record, next);
  // In the requester's trace, even when a timer or the previous operation starts it.
  await inTrace(traceparent, () => client.startNew(orchestration, { instanceId, input }));
}
