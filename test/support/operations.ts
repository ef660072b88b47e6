/** Accepts and runs operations on the in-memory cloud, as the functions do on a host. */
import {
  type Beginning,
  beginMigration,
  beginOffboarding,
  beginRepair,
  isOnboarded,
  open,
} from "../../src/domain/operation/lifecycle.ts";
import type { Migration } from "../../src/domain/operation/migration.ts";
import type { HeldRecord, NamespaceRecord } from "../../src/domain/operation/namespaceRecord.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import "../../src/orchestrations/migrateBack.ts";
import "../../src/orchestrations/migrateNamespace.ts";
import "../../src/orchestrations/offboardNamespace.ts";
import "../../src/orchestrations/onboardNamespace.ts";
import "../../src/orchestrations/repairNamespace.ts";
import { type Run, type RunOptions, runOrchestration } from "./durableRunner.ts";
import { catalog, type FakeCloud } from "./fakeCloud.ts";

type Kind = "onboard" | "offboard" | "repair" | "migrate";
type Started = Omit<Migration, "completed">;

export interface Ended {
  readonly operation: OperationRecord;
  readonly run: Run;
}

let count = 0;
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function hold(
  kind: Exclude<Kind, "onboard">,
  current: NamespaceRecord | undefined,
  { migration, ...beginning }: Beginning & { migration: Started | undefined },
): HeldRecord {
  if (!current || !isOnboarded(current)) throw new Error("it is not onboarded");
  if (kind === "offboard") return beginOffboarding(current, beginning, { ignoreDependants: false });
  if (kind === "repair") return beginRepair(current, beginning, {});
  const { clientId } = current;
  if (!migration || clientId === undefined) throw new Error("there is nothing to migrate");
  return beginMigration(current, beginning, { clientId, migration: { ...current.migration, ...migration } });
}

export async function operate(
  { ports: { registry }, operations }: FakeCloud,
  kind: Kind,
  request: OnboardingRequest,
  { migration, ...options }: RunOptions & { migration?: Started } = {},
): Promise<Ended> {
  count += 1;
  const operation = `${kind}-${count}`;
  const { cluster, namespace } = request;
  const current = await registry.getNamespace(request);
  const acceptedTime = "2026-11-24T00:00:00.000Z";
  const origin = { operation, requestedBy: "test", acceptedTime, traceparent, batch: undefined };
  const opening = { ...origin, cluster, namespace, request, requestHash: hashRequest(request) };
  const record = kind === "onboard" ? open(opening) : hold(kind, current, { ...origin, migration });
  if (current) await registry.replaceNamespace({ ...record, etag: current.etag });
  else await registry.insertNamespace(record);
  await registry.insertOperation({
    id: operation,
    kind,
    cluster,
    namespace,
    status: "NotStarted",
    requestedBy: "test",
    createdTime: acceptedTime,
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
  const isBack = kind === "migrate" && migration?.to === "podIdentity";
  const run = await runOrchestration(isBack ? "migrateBack" : `${kind}Namespace`, input, options);
  const ended = operations.get(operation);
  if (!ended) throw new Error(`operation ${operation} left no record`);
  return { operation: ended, run };
}
