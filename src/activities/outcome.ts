/** How an operation ends: its record, the namespace's record, and the event that tells the others. */
import { z } from "zod";
import { manifestFragment } from "../domain/manifest.ts";
import { berthKey } from "../domain/names.ts";
import { OperationError, OperationKind, type OperationStatus, type Phase } from "../domain/operation.ts";
import { OnboardingRequest } from "../domain/request.ts";
import type { NamespaceRecord, OperationRecord, Ports, Stored } from "../ports.ts";
import { activity, StepInput } from "./step.ts";

const OutcomeInput = StepInput.extend({
  kind: OperationKind,
  request: OnboardingRequest,
  status: z.enum(["Succeeded", "Failed"]),
  /** Of the identity, once onboarded. */
  clientId: z.guid().optional(),
  /** Of the Kubernetes namespace, once onboarded. */
  namespaceUid: z.string().exactOptional(),
  error: OperationError.optional(),
  /** What compensation could not remove; the namespace stays recorded then. */
  leftBehind: z.boolean(),
});
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
  await ports.registry.updateOperation(input.operation, {
    status: input.status,
    endTime,
    ...(input.error ? { error: input.error } : {}),
    ...(input.clientId === undefined ? {} : { result: resultOf(input, input.clientId) }),
  });
  await settleNamespace(ports, input, endTime);
  await publishStatus(ports, { ...input, id: input.operation }, { status: input.status, phase: "done" });
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
  { kind, status, leftBehind, clientId, namespaceUid }: Omit<OutcomeInput, "retry">,
  time: string,
): Stored<NamespaceRecord> | undefined {
  if (status === "Succeeded") {
    if (kind === "offboard") return undefined;
    return {
      ...record,
      state: "Onboarded",
      onboardedTime: time,
      verifiedTime: time,
      ...(clientId && { clientId }),
      ...(namespaceUid && { namespaceUid }),
    };
  }
  // An operation undoes what it created itself. What an earlier one had onboarded is still there, and still has an owner.
  const wasOnboarded = record.onboardedTime !== undefined;
  return kind === "offboard" || leftBehind || wasOnboarded ? { ...record, state: "Incomplete" } : undefined;
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
