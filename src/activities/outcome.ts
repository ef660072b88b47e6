/** How an operation ends: its record, the namespace's record, and the event that tells the others. */
import { z } from "zod";
import { manifestFragment } from "../domain/manifest.ts";
import { berthKey } from "../domain/names.ts";
import { isFinal, OperationError, OperationKind, type OperationStatus, type Phase } from "../domain/operation.ts";
import { OnboardingRequest } from "../domain/request.ts";
import { plannedSteps } from "../domain/steps.ts";
import type { NamespaceRecord, OperationRecord, Ports, Stored } from "../ports.ts";
import { activity, StepInput } from "./step.ts";

/** How the body of an orchestration ended; also its output, for when the record of it cannot be written. */
export const Outcome = z.object({
  status: z.enum(["Succeeded", "Failed"]),
  /** Of the identity, once onboarded. */
  clientId: z.guid().optional(),
  error: OperationError.optional(),
  /** What compensation could not remove; the namespace stays recorded then. */
  leftBehind: z.boolean(),
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
  input: Pick<OperationRecord, "cluster" | "namespace" | "kind"> & { operation: string },
): Promise<void> {
  const startTime = new Date().toISOString();
  await Promise.all([
    ports.registry.updateOperation(input.operation, { status: "Running", startTime }),
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
  await closeSteps(ports, input, endTime);
  await ports.registry.updateOperation(input.operation, {
    status: input.status,
    endTime,
    ...(input.error ? { error: input.error } : {}),
    ...(input.clientId === undefined ? {} : { result: resultOf(input, input.clientId) }),
  });
  await settleNamespace(ports, input, endTime);
  await publishStatus(ports, { ...input, id: input.operation }, { status: input.status, phase: "done" });
}

/**
 * What a step said last may not be how it ended: its last record may have been lost, or a try that the runtime had given
 * up wrote after the one that counted.
 */
async function closeSteps(
  { registry }: Ports,
  { operation, kind, request, status }: Omit<OutcomeInput, "retry">,
  endTime: string,
): Promise<void> {
  const planned = plannedSteps(kind, request);
  const open = (await registry.listSteps(operation)).filter((step) => {
    const isPlanned = planned.some(({ name, target }) => name === step.name && target === step.target);
    return !isFinal(step.status) || (status === "Succeeded" && isPlanned && step.status !== "Succeeded");
  });
  await Promise.all(open.map((step) => registry.updateStep(operation, step, { status, endTime })));
}

function resultOf({ request }: Pick<OutcomeInput, "request">, clientId: string): Record<string, unknown> {
  return { clientId, manifest: manifestFragment(request) };
}

/** Opens the gate again. A record that another operation holds by now is left alone: this one ran a second time. */
async function settleNamespace({ registry }: Ports, input: Omit<OutcomeInput, "retry">, time: string): Promise<void> {
  const attempts = 5;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await registry.getNamespace(input);
    if (record?.operation !== input.operation) return;
    const next = nextRecord(record, input, time);
    if (await (next ? registry.replaceNamespace(next) : registry.removeNamespace(record))) return;
  }
  throw new Error(`the record of ${berthKey(input)} changed ${attempts} times while the outcome was being written`);
}

/** Undefined when nothing is left to keep a record of. */
function nextRecord(
  record: Stored<NamespaceRecord>,
  { kind, status, leftBehind, clientId }: Omit<OutcomeInput, "retry">,
  time: string,
): Stored<NamespaceRecord> | undefined {
  if (status === "Succeeded") {
    if (kind === "offboard") return undefined;
    const { hasRemains: _used, ...rest } = record;
    return { ...rest, state: "Onboarded", onboardedTime: time, verifiedTime: time, ...(clientId && { clientId }) };
  }
  const isIncomplete = kind === "offboard" || leftBehind || record.hasRemains === true;
  return isIncomplete ? { ...record, state: "Incomplete" } : undefined;
}

/** The event id is the change itself, so that a second send is one message (duplicate detection on the topic). */
async function publishStatus(
  { events }: Pick<Ports, "events">,
  { id, cluster, namespace, kind }: Pick<OperationRecord, "id" | "cluster" | "namespace" | "kind">,
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
    data: { operation: id, kind, status, phase },
  });
}
