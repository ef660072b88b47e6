/** Accepts and runs operations on the in-memory cloud, as the functions do on a host. */
import type { Migration } from "../../src/domain/operation/migration.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import "../../src/orchestrations/migrateNamespace.ts";
import "../../src/orchestrations/offboardNamespace.ts";
import "../../src/orchestrations/onboardNamespace.ts";
import "../../src/orchestrations/repairNamespace.ts";
import { type Run, type RunOptions, runOrchestration } from "./durableRunner.ts";
import { catalog, type FakeCloud } from "./fakeCloud.ts";

const states = { onboard: "Onboarding", offboard: "Offboarding", repair: "Repairing", migrate: "Migrating" } as const;

export interface Ended {
  readonly operation: OperationRecord;
  readonly run: Run;
}

let count = 0;

export async function operate(
  { ports: { registry }, operations }: FakeCloud,
  kind: keyof typeof states,
  request: OnboardingRequest,
  { migration, ...options }: RunOptions & { migration?: Omit<Migration, "completed"> } = {},
): Promise<Ended> {
  count += 1;
  const operation = `${kind}-${count}`;
  const { cluster, namespace } = request;
  const current = await registry.getNamespace(request);
  const fresh = {
    cluster,
    namespace,
    state: states[kind],
    operation,
    request: current?.request ?? request,
    requestHash: current?.requestHash ?? hashRequest(request),
    requestedBy: "test",
    acceptedTime: "2026-11-24T00:00:00.000Z",
  };
  const going = migration ? { migration: { ...current?.migration, ...migration } } : {};
  const record = { ...current, ...fresh, ...going };
  if (current) await registry.replaceNamespace({ ...record, etag: current.etag });
  else await registry.insertNamespace(record);
  await registry.insertOperation({
    id: operation,
    kind,
    cluster,
    namespace,
    status: "NotStarted",
    requestedBy: "test",
    createdTime: fresh.acceptedTime,
    request: record.request,
    ...(record.migration ? { migration: record.migration } : {}),
  });
  const input = {
    operation,
    request: record.request,
    retry: catalog.retry,
    requestedBy: "test",
    ignoreDependants: false,
    clientId: current?.clientId,
    isMigrating: record.migration !== undefined,
    migration: record.migration,
  };
  const run = await runOrchestration(`${kind}Namespace`, input, options);
  const ended = operations.get(operation);
  if (!ended) throw new Error(`operation ${operation} left no record`);
  return { operation: ended, run };
}
