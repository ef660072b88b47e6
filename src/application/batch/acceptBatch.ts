/**
 * From the requests or the namespaces of a batch to one operation that handles them. Everything that it needs is in the
 * registry before the request is answered; a timer recovers from a crash before the orchestration has started
 * (recovery/reconcileBatches.ts).
 */

import type { Caller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import { inGroups } from "../../domain/inGroups.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { batchLaunchOf } from "../../domain/operation/batchLaunch.ts";
import type { Chosen, NamespaceWork } from "../../domain/operation/namespaceBatch.ts";
import type { BatchAsk, BatchRecord } from "../../domain/operation/records.ts";
import { decideTeam } from "../../domain/policy/policy.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { SentAs } from "../../domain/request/sentRequest.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { inTrace } from "../../telemetry/spans.ts";
import type { AcceptanceContext } from "../acceptance/acceptance.ts";
import { passOnCancel } from "../decisions/cancellation.ts";
import { wake } from "../decisions/wake.ts";

/** `id` is the batch's ID: if an earlier try has already written a record with it, that is the batch. */
export async function acceptBatch(
  acceptance: AcceptanceContext,
  requests: readonly OnboardingRequest[],
  id: string = createOperationId(new Date()),
  { sentAs = [], isRemovalConfirmed = false, adoptIdentity, expect = async () => undefined }: BatchOptions = {},
): Promise<string> {
  return await accept(acceptance, id, async () => {
    await expect();
    const asked = requests.map((request, index) => ({
      cluster: request.cluster,
      namespace: request.namespace,
      request,
      ...sentAs[index],
    }));
    return {
      asked,
      isRemovalConfirmed,
      ...defined({ adoptIdentity }),
      team: teamOf(acceptance.ports, acceptance.by, requests),
    };
  });
}

export interface BatchOptions {
  /** One for each of the requests. */
  readonly sentAs?: readonly SentAs[];
  /** Whether the namespaces may lose what they have (docs/adr/0022). */
  readonly isRemovalConfirmed?: boolean;
  /** An operator's decision about what no record knows. */
  readonly adoptIdentity?: string | undefined;
  /** Throws when something is not as the caller saw it; not called again for what an earlier try has accepted. */
  readonly expect?: () => Promise<void>;
}

/** The namespaces are chosen now; later tries do not choose again. */
export async function acceptNamespaceBatch(
  acceptance: AcceptanceContext,
  { work, choose }: { work: NamespaceWork; choose: () => Promise<readonly Chosen[]> },
  id: string = createOperationId(new Date()),
): Promise<string> {
  return await accept(acceptance, id, async () => {
    const asked = await choose();
    return {
      asked,
      work,
      team: onlyTeam(acceptance.by, new Set(asked.flatMap(({ seen }) => (seen ? [seen.team] : [])))),
    };
  });
}

async function accept(
  acceptance: AcceptanceContext,
  id: string,
  readWhat: () => Promise<
    Pick<BatchRecord, "work" | "isRemovalConfirmed" | "adoptIdentity"> & {
      asked: readonly BatchAsk[];
      team: string | undefined;
    }
  >,
): Promise<string> {
  const { ports, by, traceparent, client, warn } = acceptance;
  // If it has not started yet, the timer starts it.
  if (await ports.registry.getBatch(id)) return id;
  const now = new Date();
  const { asked, work, isRemovalConfirmed, adoptIdentity, team } = await readWhat();
  const requests = asked.length;
  const batch = { id, requests, ...defined({ work }) };
  await ports.registry.insertBatch(
    {
      ...batch,
      kind: "batch",
      status: "NotStarted",
      requestedBy: by.id,
      ...defined({ team, isRemovalConfirmed, adoptIdentity }),
      createdTime: now.toISOString(),
      traceparent,
      by,
    },
    asked,
  );
  try {
    await startBatch(client, ports, batch);
  } catch (error) {
    // The batch is accepted all the same: the timer starts it.
    const reason = messageOf(error);
    warn(logLine("batch not started yet", { operation: id, reason, traceId: traceIdOf(traceparent) }));
  }
  return id;
}

/**
 * The team of everything that the caller may ask for; undefined for several teams, and for an operator's requests without
 * one.
 */
function teamOf(ports: Ports, by: Caller, requests: readonly OnboardingRequest[]): string | undefined {
  const teams = requests.flatMap((request) => {
    const decision = decideTeam(ports.catalog, by, request);
    return "denial" in decision ? [] : [decision.team];
  });
  return onlyTeam(by, new Set(teams));
}

function onlyTeam(by: Caller, teams: ReadonlySet<string | undefined>): string | undefined {
  const [only] = teams.size === 0 ? by.teams : teams;
  return teams.size > 1 || (teams.size === 0 && by.teams.length > 1) ? undefined : only;
}

export async function startBatch(
  client: RuntimeClient,
  { catalog }: Pick<Ports, "catalog">,
  { id, work, requests, traceparent }: Pick<BatchRecord, "id" | "work" | "requests" | "traceparent">,
): Promise<void> {
  const { orchestration, input } = batchLaunchOf(catalog, { id, work, requests }, createOperationId(new Date()));
  await inTrace(traceparent, () => client.startNew(orchestration, { instanceId: id, input }));
}

/** Cancels the batch's own operations that are running. Idempotent; the timer repeats it until all of them have the cancel. */
export async function passOn(
  { registry }: Pick<Ports, "registry">,
  client: RuntimeClient,
  { id, cancel }: Pick<BatchRecord, "id" | "cancel">,
  context: Parameters<typeof wake>[2],
): Promise<void> {
  if (!cancel) return;
  const running = await registry.listBatchItems(id, { status: "Running" });
  const own = running.flatMap(({ operation, claim }) => (operation === claim && operation ? [operation] : []));
  await inGroups(own, atOnce, async (operation) => {
    const canceled = await passOnCancel(registry, operation, cancel);
    if (canceled) await wake(client, canceled, context);
  });
}

const atOnce = 10;
