/** Accepts an operation on the in-memory cloud as the routes do, and runs it to its end. */
import {
  type AcceptanceContext,
  type Accepted,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../src/application/acceptance/acceptance.ts";
import type { AdmissionOptions } from "../../src/application/admission/admission.ts";
import type { OffboardingOptions } from "../../src/application/admission/claimExisting.ts";
import { prepareMigration } from "../../src/application/migration/prepareMigration.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { type Migration, MigrationRequest } from "../../src/domain/operation/migration.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { confirmed, createAcceptanceContext, type TestAcceptanceContext } from "./acceptanceContext.ts";
import type { Run, RunOptions } from "./durableRunner.ts";
import type { FakeCloud } from "./fakeCloud.ts";

type Kind = "onboard" | "offboard" | "repair" | "migrate";
type Started = Omit<Migration, "completed">;

export interface Ended {
  readonly operation: OperationRecord;
  readonly run: Run;
}

interface Operated extends RunOptions {
  readonly migration?: Started;
  readonly by?: Caller;
  /** Its ID. */
  readonly operation?: string;
}

let count = 0;

function nextId(kind: Kind): string {
  count += 1;
  return `${kind}-${count}`;
}

export async function operate(
  cloud: FakeCloud,
  kind: Kind,
  request: OnboardingRequest,
  { migration, by, operation: id = nextId(kind), ...options }: Operated = {},
): Promise<Ended> {
  const acceptance = createAcceptanceContext(cloud, by);
  await accept({ ...acceptance, operation: id }, kind, { request, migration });
  const run = await acceptance.run(options);
  const operation = cloud.operations.get(id);
  if (!operation) throw new Error(`operation ${id} left no record`);
  return { operation, run };
}

interface AskedBy {
  readonly by?: Caller;
}

/** As callers ask for it; whoever sends a request means what it leaves out. */
export async function send(
  ports: Ports,
  request: OnboardingRequest,
  { by, ...options }: AdmissionOptions & AskedBy = {},
): Promise<OperationRecord> {
  const acceptance = createAcceptanceContext({ ports }, by);
  return await ended(acceptance, await acceptOnboarding(acceptance, request, { ...confirmed, ...options }));
}

export async function offboard(
  ports: Ports,
  namespaceRef: NamespaceRef,
  { by, ...options }: OffboardingOptions & AskedBy = {},
): Promise<OperationRecord> {
  const acceptance = createAcceptanceContext({ ports }, by);
  return await ended(acceptance, await acceptOffboarding(acceptance, namespaceRef, options));
}

export async function repair(ports: Ports, namespaceRef: NamespaceRef, { by }: AskedBy = {}): Promise<OperationRecord> {
  const acceptance = createAcceptanceContext({ ports }, by);
  return await ended(acceptance, await acceptUpkeep(acceptance, "Repairing", { namespaceRef, prepare: () => ({}) }));
}

/** The operation that was accepted, run to its end. */
export async function ended(
  acceptance: TestAcceptanceContext,
  { operation }: Accepted,
  options?: RunOptions,
): Promise<OperationRecord> {
  await acceptance.run(options);
  const record = await acceptance.ports.registry.getOperation(operation);
  if (!record) throw new Error(`operation ${operation} left no record`);
  return record;
}

/** A migration as the route asks for it, which goes on from what the namespace's record says. */
export async function migrateAsAsked(
  acceptance: TestAcceptanceContext,
  namespaceRef: NamespaceRef,
  { asked, ...options }: { readonly asked: Partial<MigrationRequest> } & RunOptions,
): Promise<OperationRecord> {
  const wanted = MigrationRequest.parse(asked);
  const accepted = await acceptUpkeep(acceptance, "Migrating", {
    namespaceRef,
    prepare: (current) => ({ migration: prepareMigration(acceptance.ports, current, wanted) }),
  });
  return await ended(acceptance, accepted, options);
}

function accept(
  acceptance: AcceptanceContext,
  kind: Kind,
  { request, migration }: { readonly request: OnboardingRequest; readonly migration: Started | undefined },
): Promise<Accepted> {
  switch (kind) {
    case "onboard":
      return acceptOnboarding(acceptance, request);
    case "offboard":
      return acceptOffboarding(acceptance, request);
    case "repair":
      return acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
    case "migrate":
      if (!migration) throw new Error("a migration has to say what to migrate");
      return acceptUpkeep(acceptance, "Migrating", {
        namespaceRef: request,
        prepare: (record) => ({ migration: { ...record.migration, ...migration } }),
      });
  }
}
