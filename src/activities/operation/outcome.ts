/** How an operation ends: its record, the namespace's record, and the event that tells the others. */
import { z } from "zod";
import { manifestFragment } from "../../domain/export/manifest.ts";
import { Finding, fingerprint, isError } from "../../domain/finding.ts";
import { berthKey } from "../../domain/naming/names.ts";
import { isPast, type Migration, migrated } from "../../domain/operation/migration.ts";
import { holderOf } from "../../domain/operation/namespaceState.ts";
import {
  isFinal,
  OperationError,
  OperationKind,
  type OperationStatus,
  type Phase,
} from "../../domain/operation/operation.ts";
import { MigrationProgress, type OperationResult } from "../../domain/operation/operationResult.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { NamespaceRecord, OperationRecord, StepRecord, Stored } from "../../domain/operation/records.ts";
import { plannedSteps, type StepName } from "../../domain/operation/steps.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { driftEvent } from "../../domain/watching/driftEvent.ts";
import type { Ports } from "../../ports.ts";
import { appendDecision } from "./audit.ts";
import { activity, StepInput } from "./step.ts";

/** How the body of an orchestration ended; also its output, for when the record of it cannot be written. */
export const Outcome = z.object({
  status: z.enum(["Succeeded", "Failed"]),
  /** Of the identity, once onboarded. */
  clientId: z.guid().optional(),
  /** Of the Kubernetes namespace, once onboarded. */
  namespaceUid: z.string().exactOptional(),
  error: OperationError.optional(),
  /** Of the verification at its end. */
  findings: z.array(Finding).optional(),
  /** How far a migration has come. */
  migration: MigrationProgress.optional(),
  /** Something is there that should not be; the namespace stays recorded then. */
  leftBehind: z.boolean(),
  /** Names of the undos that failed. */
  leftUndone: z.array(z.string()).optional(),
  /** Of an offboarding that failed: it had removed nothing. */
  isUntouched: z.boolean().optional(),
});
export type Outcome = z.infer<typeof Outcome>;

const OutcomeInput = StepInput.extend({ kind: OperationKind, request: OnboardingRequest, ...Outcome.shape });
type OutcomeInput = z.infer<typeof OutcomeInput>;

/** Records and tells that the operation runs. */
export const announceStart = activity({
  name: "announceStart",
  input: StepInput.extend({ kind: OperationKind }),
  output: z.object({}),
  async run(input, ports) {
    await recordStart(ports, input);
    return {};
  },
});

export async function recordStart(
  ports: Ports,
  input: Pick<OperationRecord, "cluster" | "namespace" | "kind"> &
    Pick<StepInput, "operation" | "requestedBy" | "team" | "traceparent">,
): Promise<void> {
  const startTime = new Date().toISOString();
  await Promise.all([
    ports.registry.updateOperation(input.operation, { status: "Running", startTime }),
    // Here and not where the request is answered: there it could be lost in a crash, and would keep the caller waiting.
    appendDecision(ports, input, { id: input.operation, what: input.kind, action: "accepted", outcome: "Running" }),
    publishStatus(ports, { ...input, id: input.operation }, { status: "Running", phase: "preflight" }),
  ]);
}

export const recordOutcome = activity({
  name: "recordOutcome",
  input: OutcomeInput,
  output: z.object({}),
  async run(input, ports) {
    await concludeOperation(ports, input);
    return {};
  },
});

/** Writes the end of an operation. May run twice: every write here gives the same again. */
export async function concludeOperation(ports: Ports, input: Omit<OutcomeInput, "retry">): Promise<void> {
  const endTime = new Date().toISOString();
  const { status, reached } = await recordEnd(ports, input, endTime);
  const { operation: id, kind: what, error } = input;
  // Before the gate opens: as long as it is closed the timer tries again, afterwards nobody would.
  await appendDecision(ports, input, { id, what, action: "ended", outcome: status, code: error?.code });
  await settleNamespace(ports, { ...input, ...reached, status }, endTime);
  await publishStatus(ports, { ...input, id: input.operation }, { status, phase: "done" });
}

/** Through the ETag: a cancellation that was accepted is in the record by now, or it is refused from now on. */
async function recordEnd(
  { registry }: Ports,
  input: Omit<OutcomeInput, "retry">,
  endTime: string,
): Promise<{ status: OperationStatus; reached?: Pick<OutcomeInput, "clientId" | "namespaceUid"> }> {
  const attempts = 10;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await registry.getOperation(input.operation);
    // A second run keeps to what the first one decided.
    if (!record) return { status: input.status };
    // Also to what it reached: this one may have been told that it failed.
    if (isFinal(record.status)) return { status: record.status, reached: reachedBy(record) };
    // A migration undoes its earlier phases only when a cancellation stopped it; one that came after a failure did not.
    const isUndone = !input.leftBehind && (input.kind !== "migrate" || input.error?.code === "OPERATION_CANCELED");
    const isCanceled = input.status === "Failed" && isUndone && record.cancel !== undefined;
    const status: OperationStatus = isCanceled ? "Canceled" : input.status;
    const error = isCanceled ? describeCancel(record, input, await registry.listSteps(record.id)) : input.error;
    const changes = {
      status,
      endTime,
      ...(error ? { error } : {}),
      ...(input.leftUndone ? { leftUndone: input.leftUndone } : {}),
      ...(input.namespaceUid === undefined ? {} : { namespaceUid: input.namespaceUid }),
      ...(input.clientId === undefined ? {} : { result: resultOf(input, input.clientId, record.migration) }),
    };
    if (await registry.amendOperation(record, changes)) return { status };
  }
  throw new Error(
    `the record of operation ${input.operation} changed ${attempts} times while its end was being written`,
  );
}

function reachedBy({ result, namespaceUid }: OperationRecord): Pick<OutcomeInput, "clientId" | "namespaceUid"> {
  return {
    ...(result ? { clientId: result.clientId } : {}),
    ...(namespaceUid === undefined ? {} : { namespaceUid }),
  };
}

function describeCancel(
  { cancel, kind, request, earlier, migration }: OperationRecord,
  { error, isUntouched = false }: Pick<OutcomeInput, "error" | "isUntouched">,
  steps: readonly StepRecord[],
): OperationError {
  const planned = new Set(plannedSteps(kind, request, { earlier, migration }).map(stepText));
  const changed = steps.filter(({ status, action }) => status === "Succeeded" && action !== "none");
  const sentences = [`Canceled by ${cancel?.by ?? "somebody"}${cancel?.comment ? `: ${cancel.comment}` : ""}.`];
  if (kind === "offboard") {
    const done = changed.map(stepText);
    sentences.push(
      done.length === 0 ? "Nothing had been removed." : `Removed by then, and not restored: ${done.join(", ")}.`,
      isUntouched
        ? "The namespace is as it was."
        : "The namespace is Incomplete; offboard it again to remove the rest, or onboard it to restore it.",
    );
  } else if (kind === "repair") {
    const done = changed.map(stepText);
    sentences.push(
      done.length === 0 ? "Nothing had been changed." : `Put right by then, and kept: ${done.join(", ")}.`,
    );
  } else {
    const undone = changed.map(stepText).filter((text) => !planned.has(text));
    sentences.push(undone.length === 0 ? "There was nothing to undo." : `Undone: ${undone.join(", ")}.`);
  }
  if (error && error.code !== "OPERATION_CANCELED") sentences.push(`It had failed by then: ${error.message}`);
  return toOperationError("OPERATION_CANCELED", sentences.join(" "));
}

function stepText({ name, target }: StepName): string {
  return `${name} ${target}`;
}

function resultOf(
  { request, migration: progress }: Pick<OutcomeInput, "request" | "migration">,
  clientId: string,
  migration: Migration | undefined,
): OperationResult {
  const isCutOver = migration && isPast(progress?.completed, "cutOver");
  const manifest = manifestFragment(isCutOver ? migrated(request, migration) : request);
  return { clientId, manifest, ...(progress ? { migration: progress } : {}) };
}

type EndedOperation = Omit<OutcomeInput, "retry" | "status"> & { readonly status: OperationStatus };

/** Opens the gate again. One that is open, or that another operation holds by now, is left alone: this ran a second time. */
async function settleNamespace({ registry, events }: Ports, input: EndedOperation, time: string): Promise<void> {
  const attempts = 5;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await registry.getNamespace(input);
    if (record?.operation !== input.operation || holderOf(record.state) === undefined) return;
    const next = nextRecord(record, input, time);
    if (next) await tellDrift({ events }, record, { next, time });
    if (await (next ? registry.replaceNamespace(next) : registry.removeNamespace(record))) return;
  }
  throw new Error(`the record of ${berthKey(input)} changed ${attempts} times while the outcome was being written`);
}

/** Undefined when nothing is left to keep a record of. */
function nextRecord(
  record: Stored<NamespaceRecord>,
  outcome: EndedOperation,
  time: string,
): Stored<NamespaceRecord> | undefined {
  const { kind, status, leftBehind } = outcome;
  const hasSucceeded = status === "Succeeded";
  switch (kind) {
    case "onboard":
    case "change": {
      if (!hasSucceeded) return leftBehind ? { ...record, state: "Incomplete" } : restored(record);
      const { earlier: _gone, previous: _past, compensates: _done, ...lasting } = verified(record, outcome, time);
      return { ...lasting, onboardedTime: time, verifiedTime: time, onboardedBy: outcome.operation };
    }
    case "compensate": {
      const isUndone = hasSucceeded || !leftBehind;
      if (record.compensates?.migrating) return migratedBack(record, record.compensates.migrating.migration, isUndone);
      return isUndone ? restored(record) : { ...record, state: "Incomplete" };
    }
    case "offboard": {
      if (hasSucceeded) return undefined;
      const { offboarding, ...lasting } = record;
      return outcome.isUntouched && offboarding
        ? { ...lasting, ...offboarding.before }
        : { ...lasting, state: "Incomplete" };
    }
    case "repair": {
      // One that failed has put some right and nothing wrong: the namespace is as onboarded as it was.
      const { repairTried: _over, ...settled } = verified(record, outcome, time);
      return hasSucceeded ? settled : { ...record, state: "Onboarded" };
    }
    case "migrate":
      return withMigration(verified(record, outcome, time), outcome);
  }
}

function verified(
  record: Stored<NamespaceRecord>,
  { kind, status, clientId, namespaceUid, ...outcome }: EndedOperation,
  time: string,
): Stored<NamespaceRecord> {
  // After a crash what was found may be lost; what was proven is that nothing breaks access.
  const isProven = status === "Succeeded" && kind !== "migrate";
  const findings =
    outcome.findings ?? (isProven ? (record.findings ?? []).filter((each) => !isError(each)) : undefined);
  return {
    ...record,
    state: "Onboarded",
    ...(findings ? { verifiedTime: time, lookedTime: time, findings } : {}),
    ...(clientId === undefined ? {} : { clientId }),
    ...(namespaceUid === undefined ? {} : { namespaceUid }),
  };
}

/** A migration stays recorded as long as it has left something that is not in the identity mode of the request. */
function withMigration(
  { migration, ...record }: Stored<NamespaceRecord>,
  { leftBehind, migration: outcome }: EndedOperation,
): Stored<NamespaceRecord> {
  if (!migration) return record;
  const completed = outcome?.completed ?? migration.completed;
  const now = { ...migration, ...(completed ? { completed } : {}), ...(leftBehind ? remains : {}) };
  return completed !== "retire" && isToRemember(now) ? { ...record, migration: now } : record;
}

const remains = { hasRemains: true } as const;

/** An inventory alone leaves nothing; what an earlier migration could not undo is there until one is through, or all is gone. */
function isToRemember({ completed, hasRemains }: Migration): boolean {
  return hasRemains === true || isPast(completed, "sideBySide");
}

/** After undos of a migration that had failed: with all of them done, it stands where `reached` says. */
function migratedBack(
  { compensates: _tried, migration, ...record }: Stored<NamespaceRecord>,
  reached: Migration,
  isUndone: boolean,
): Stored<NamespaceRecord> {
  const now = isUndone ? reached : { ...(migration ?? reached), ...remains };
  return { ...record, state: "Onboarded", ...(isToRemember(now) ? { migration: now } : {}) };
}

async function tellDrift(
  { events }: Pick<Ports, "events">,
  record: NamespaceRecord,
  { next, time }: { next: NamespaceRecord; time: string },
): Promise<void> {
  const { findings = [] } = next;
  if (fingerprint(findings) === fingerprint(record.findings ?? [])) return;
  await events.publish(driftEvent(record, findings, { since: record.verifiedTime ?? record.acceptedTime, time }));
}

/** What the record was before the operation that was undone; undefined when there was none. */
function restored(record: Stored<NamespaceRecord>): Stored<NamespaceRecord> | undefined {
  const {
    earlier: _earlier,
    previous,
    compensates: _compensates,
    team: _team,
    namespaceUid: _uid,
    ...lasting
  } = record;
  return previous && { ...lasting, ...previous };
}

type Subject = Pick<OperationRecord, "id" | "cluster" | "namespace" | "kind"> & Pick<StepInput, "traceparent">;

/** The event id is the change itself, so that a second send is one message (duplicate detection on the topic). */
async function publishStatus(
  { events }: Pick<Ports, "events">,
  { id, cluster, namespace, kind, traceparent }: Subject,
  { status, phase }: { status: OperationStatus; phase: Phase },
): Promise<void> {
  await events.publish({
    specversion: "1.0",
    id: `${id}/${status}`,
    source: "/mooring",
    type: "mooring.operation.status-changed.v1",
    subject: berthKey({ cluster, namespace }),
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { operation: id, kind, status, phase },
  });
}
