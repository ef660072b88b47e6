/** How an operation ends: its record, the namespace's record, and the event. */
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { isCode } from "../../domain/errors.ts";
import { manifestFragment } from "../../domain/export/manifest.ts";
import { fingerprint } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { type End, end, isHeld } from "../../domain/operation/lifecycle.ts";
import { isPast, type Migration, migrated } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { isFinal, type OperationStatus } from "../../domain/operation/operation.ts";
import type { OperationResult } from "../../domain/operation/operationResult.ts";
import type { Outcome } from "../../domain/operation/outcome.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import { describeReasons, type Parts } from "../../domain/operation/reasons.ts";
import type { OperationRecord, StepRecord, Stored } from "../../domain/operation/records.ts";
import { stepInWords, stepText } from "../../domain/operation/stepName.ts";
import { driftEvent } from "../../domain/watching/driftEvent.ts";
import type { Ports } from "../../ports/index.ts";
import { operationDuration, operations, undoFailures } from "../../telemetry/metrics.ts";
import { leaveIdentity } from "../admission/leaveIdentity.ts";
import { amend, amendOperation } from "../amend.ts";
import { expectNewestRun } from "../decisions/cancellation.ts";
import { appendDecision } from "../watching/audit.ts";
import { publishStatus } from "../watching/statusEvent.ts";
import { describeCancel } from "./describeCancel.ts";
import { removals } from "./handOver.ts";
import { findIdentityLeft } from "./identityLeft.ts";
import { findOutwardLanding } from "./landing.ts";
import { findLeftInPlace, madeBy } from "./leftInPlace.ts";
import { findLostThings } from "./lostThings.ts";
import type { Origin } from "./origin.ts";
import { haveChanged } from "./resumption.ts";

export type Ending = Origin &
  Outcome &
  Pick<OperationRecord, "kind" | "request"> & {
    /** Set if a run of the orchestration ended like this: how often the operation had been resumed when it began. */
    readonly restarts?: number | undefined;
  };

/** The two records to which the end of an operation is written. */
export interface KnownRecords {
  readonly operation?: Stored<OperationRecord> | undefined;
  readonly namespace?: Stored<NamespaceRecord> | undefined;
}

/** Reads them ahead, so that the end does not wait for them; the ETags reveal later changes. */
export async function readForEnd(
  { registry }: Pick<Ports, "registry">,
  input: Pick<Origin, "operation" | "cluster" | "namespace">,
): Promise<KnownRecords> {
  const [operation, namespace] = await Promise.all([
    registry.getOperation(input.operation),
    registry.getNamespace(input),
  ]);
  return { operation, namespace };
}

/** Writes the end of an operation. Idempotent: every write here has the same result when repeated. */
export async function concludeOperation(ports: Ports, input: Ending, known: KnownRecords = {}): Promise<void> {
  const endTime = new Date().toISOString();
  const reading = ports.registry.listSteps(input.operation);
  // Awaited below; this avoids an unhandled rejection until then.
  reading.catch(() => undefined);
  const namespace = known.namespace ?? (await ports.registry.getNamespace(input));
  const lost = await findLoss(input, namespace, reading);
  const { status, reached } = await recordEnd(
    ports,
    { ...input, ...lost },
    { endTime, reading, known: known.operation },
  );
  const { operation: id, kind: what, error } = { ...input, ...lost };
  // Before the namespace is released: until then the timer retries, afterwards nothing would.
  await appendDecision(ports, input, { id, what, action: "ended", outcome: status, code: error?.code });
  const left = what === "repair" && status !== "Succeeded" ? await findIdentityLeft(ports, input) : {};
  const ended = { ...input, ...reached, ...left, status, landsUntil: landsUntil(ports, await reading) };
  const { isGone } = await releaseNamespace(ports, ended, { time: endTime, known: namespace });
  await Promise.all([
    publishStatus(ports, { ...input, id: input.operation }, { status, phase: "done" }),
    isGone ? leaveIdentity(ports, input.request) : undefined,
  ]);
}

/**
 * Nothing knows any more what the namespace has if its row is lost: the operation names it. It holds the row until its end is recorded,
 * and only an offboarding leaves none.
 */
async function findLoss(
  { operation, kind, status, ...namespaceRef }: Ending,
  record: NamespaceRecord | undefined,
  reading: Promise<readonly StepRecord[]>,
): Promise<Partial<Pick<Ending, "status" | "error">>> {
  if (status !== "Succeeded" || kind === "offboard" || record?.operation === operation) return {};
  const there = madeBy(await reading)
    .map(stepText)
    .join(", ");
  const message = `The registry lost the row of ${namespaceKey(namespaceRef)} while the operation ran. There, or brought there: ${there || "nothing"}.`;
  return { status: "Failed", error: toOperationError("RECORD_LOST", message) };
}

/** Until when one of the operation's writes may still take effect; undefined if all were answered. */
function landsUntil({ catalog }: Pick<Ports, "catalog">, steps: readonly StepRecord[]): string | undefined {
  const { landingMs } = catalog.retry;
  return findOutwardLanding(steps, { landingMs, now: Date.now() })?.until;
}

/** Written with the ETag: an accepted cancellation is in the record by now, and any later one is refused. */
async function recordEnd(
  { registry }: Ports,
  input: Ending,
  {
    endTime,
    reading,
    known,
  }: {
    readonly endTime: string;
    readonly reading: Promise<readonly StepRecord[]>;
    readonly known: Stored<OperationRecord> | undefined;
  },
): Promise<{ status: OperationStatus; reached?: Pick<Outcome, "clientId" | "namespaceUid"> }> {
  const next = async (current: OperationRecord) => {
    if (isFinal(current.status)) return undefined;
    expectNewestRun(current, input.restarts);
    return endOf(current, { ...input, endTime }, await reading);
  };
  const { record, change } = await amendOperation(registry, input.operation, next, known);
  if (change) {
    measure(input, change.status, (Date.parse(endTime) - Date.parse(record?.createdTime ?? endTime)) / 1_000);
    return { status: change.status };
  }
  if (!record) return { status: input.status };
  // A second run keeps to what the first one decided and reached: its own input may say that the operation failed.
  return {
    status: record.status,
    reached: defined({ clientId: record.result?.clientId, namespaceUid: record.namespaceUid }),
  };
}

function measure({ kind, leftUndone = [] }: Ending, outcome: OperationStatus, seconds: number): void {
  operations.add(1, { kind, outcome });
  operationDuration.record(seconds, { kind, outcome });
  // The name of a grant's undo also contains its target, which the metric leaves out.
  for (const undo of leftUndone) undoFailures.add(1, { kind, undo: undo.split(" ", 1)[0] ?? undo });
}

function endOf(
  record: OperationRecord,
  { endTime, ...input }: Ending & { readonly endTime: string },
  steps: readonly StepRecord[],
) {
  // A migration undoes its earlier phases only if a cancellation stopped it, not if the cancellation came after a failure.
  const isUndone = !input.leftBehind && (input.kind !== "migrate" || isCode(input.error?.code, "OPERATION_CANCELED"));
  const isCanceled = input.status === "Failed" && isUndone && record.cancel !== undefined;
  const status: OperationStatus = isCanceled ? "Canceled" : input.status;
  const { reasons } = input;
  const failure =
    input.error && reasons
      ? { ...input.error, message: describeReasons(reasons.map(undoInWords), steps) }
      : input.error;
  const described = isCanceled ? describeCancel(record, { ...input, error: failure }, steps) : failure;
  const error = described && withKept(described, steps);
  return defined({
    status,
    endTime,
    error,
    leftUndone: input.leftUndone,
    leftInPlace: unlessEmpty(findLeftInPlace(steps)),
    namespaceUid: input.namespaceUid,
    result: input.clientId === undefined ? undefined : resultOf(input, input.clientId, record.migration),
  });
}

/** An orchestration names an undo that failed as histories have it. */
function undoInWords(part: Parts[number]): Parts[number] {
  if (typeof part !== "string") return part;
  return part.replace(/^(; )?(\w+)(?= (.* )?\($)/, (_all, next = "", name: string) => `${next}${stepInWords(name)}`);
}

/** An undo may keep a namespace that the operation created, because others have something in it by now. */
function withKept(error: OperationError, steps: readonly StepRecord[]): OperationError {
  const kept = steps.flatMap(({ notices = [] }) => notices.filter(({ code }) => code === "NAMESPACE_KEPT"));
  return { ...error, message: [error.message, ...kept.map(({ message }) => message)].join(" ") };
}

function resultOf(
  { request, migration: progress }: Pick<Ending, "request" | "migration">,
  clientId: ClientId,
  migration: Migration | undefined,
): OperationResult {
  const isCutOver = migration && isPast(progress?.completed, "cutOver");
  const manifest = manifestFragment(isCutOver ? migrated(request, migration) : request);
  return { clientId, manifest, ...defined({ migration: progress }) };
}

/**
 * Releases the namespace, and says whether it has no record any more. Leaves it alone if it is free or another operation holds it by
 * now: this is a second run.
 */
async function releaseNamespace(
  ports: Ports,
  input: Origin & End,
  { time, known }: { readonly time: string; readonly known: Stored<NamespaceRecord> | undefined },
): Promise<{ readonly isGone: boolean }> {
  const { registry, events } = ports;
  const { record, change } = await amend({
    known,
    what: `The record of ${namespaceKey(input)}`,
    read: () => registry.getNamespace(input),
    async next(record) {
      if (record.operation !== input.operation || !isHeld(record)) return undefined;
      const more = { ...(await touched({ registry }, record, input)), ...(await findLostThings(ports, record, input)) };
      const next = end(record, { ...input, ...more }, time);
      if (next) await publishDrift({ events }, record, { next, time });
      return { next };
    },
    write: (record, { next }) =>
      next ? registry.replaceNamespace({ ...next, etag: record.etag }) : registry.removeNamespace(record),
  });
  return { isGone: record === undefined || (change !== undefined && change.next === undefined) };
}

/**
 * A take-over that has begun to revoke access leaves the namespace other than it was, however it ends. So does an offboarding, even if
 * its last run did nothing: what an earlier run had scheduled may have come while the last one looked.
 */
async function touched(
  { registry }: Pick<Ports, "registry">,
  { operation, takenBy, state }: NamespaceRecord,
  { isUntouched = false }: End,
): Promise<Pick<End, "isUntouched">> {
  if (takenBy !== undefined && state !== "Offboarding") {
    return { isUntouched: removals(await registry.listSteps(operation)).length === 0 };
  }
  if (state !== "Offboarding" || !isUntouched) return {};
  return { isUntouched: !haveChanged(await registry.listSteps(operation)) };
}

async function publishDrift(
  { events }: Pick<Ports, "events">,
  record: NamespaceRecord,
  { next, time }: { next: NamespaceRecord; time: string },
): Promise<void> {
  const { findings = [] } = next;
  if (fingerprint(findings) === fingerprint(record.findings ?? [])) return;
  await events.publish(
    driftEvent(namespaceKey(record), findings, { since: record.verifiedTime ?? record.acceptedTime, time }),
  );
}
