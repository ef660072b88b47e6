/** The ports on an in-memory cloud, for tests of what activities decide. Simulators test the wires; what Azure does is in models/. */
import { randomUUID } from "node:crypto";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../src/domain/errors.ts";
import { createSerial } from "../../src/domain/serial.ts";
import { type AuditRecord, genesis, seal } from "../../src/domain/watching/audit.ts";
import type { CloudEvent } from "../../src/domain/watching/events.ts";
import type { Ports } from "../../src/ports/index.ts";
import type { Issuers } from "../../src/ports/issuers.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import type { QueueMessages } from "../../src/ports/serviceBus.ts";
import {
  type AzureState,
  createIdentities,
  createIdentityBindings,
  createRoleAssignments,
  createServers,
} from "./models/azure.ts";
import { type Calls, unhindered } from "./models/calls.ts";
import { type CosmosAccounts, createCosmosModel } from "./models/cosmos.ts";
import { createDatabases, type Users } from "./models/databases.ts";
import { clusterKey, createKubernetes, type Objects, place } from "./models/kubernetes.ts";
import { createManagedModel } from "./models/managedNamespaces.ts";
import { ObjectsView } from "./models/objectsView.ts";
import { type RegistryView, viewRegistry } from "./models/registryView.ts";
import { createTables, type Rows, spoilRow } from "./models/tables.ts";
import { noPostgres } from "./noPostgres.ts";

export interface FakeCloud extends AzureState, RegistryView {
  readonly ports: Ports;
  readonly users: Users;
  /** That every database has. */
  readonly roles: string[];
  /** Of all principals. */
  readonly cosmosAccounts: CosmosAccounts;
  readonly objects: Map<string, KubernetesObject>;
  readonly events: CloudEvent[];
  readonly audit: AuditRecord[];
  /** As its own models make them, for one more. */
  readonly calls: Calls;
  /**
   * Called before and after every write; throw to break it. "late": it gets no answer, and its effect waits in `late`. "dies": the
   * same, and the process that sent it does nothing more. An error: its effect waits, too, and it ends with that error.
   */
  onWrite: (call: { what: string; when: "before" | "after" }) => unknown;
  /** Makes a row of the registry unreadable: `MooringOperations`, its row key. */
  spoil(table: string, row: string): void;
  /** Effects of writes that got no answer; call one, and it lands. */
  readonly late: (() => void)[];
}

/** For a service that receives no messages. */
export const idleQueue: QueueMessages = {
  complete: async () => undefined,
  deadLetter: async () => undefined,
  defer: async () => undefined,
  completeDeferred: async () => true,
  deadLetterDeferred: async () => true,
  undecidedBefore: async () => [],
  deferredFrom: async () => ({ messages: [] }),
};

export const issuer = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/";

/** Every issuer publishes that key. */
const publishedIssuers: Issuers = {
  read: async (read) => ({ issuer: read, keys: [clusterKey], isPrivate: false }),
};

export const catalog = Catalog.parse({
  tenantId: "11111111-1111-4111-8111-111111111111",
  clusters: {
    "aks-dev": {
      apiServer: "https://aks-dev.example",
      oidcIssuer: issuer,
      subscriptionId: "22222222-2222-4222-8222-222222222222",
      identityResourceGroup: "MC_rg_aks-dev_westeurope",
      location: "westeurope",
      identityModes: ["workloadIdentity", "podIdentity", "identityBinding"],
      identityBinding: {
        clusterId: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-dev",
      },
    },
    "aks-new": {
      apiServer: "https://aks-new.example",
      oidcIssuer: issuer,
      subscriptionId: "22222222-2222-4222-8222-222222222222",
      identityResourceGroup: "MC_rg_aks-new_westeurope",
      location: "westeurope",
    },
  },
  sqlServers: {
    "sql-dev": {
      resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-dev",
      host: "sql-dev.database.windows.net",
      databases: {
        messages: { roles: ["reader", "writer", "executor"] },
        orders: { roles: ["reader", "writer", "executor"] },
      },
    },
  },
  targets: {
    uploads: {
      kind: "storageBlob",
      resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/data",
      container: "uploads",
      access: ["read", "write"],
    },
    jobs: {
      kind: "storageQueue",
      resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/data",
      queue: "jobs",
      access: ["send", "receive"],
    },
  },
  profiles: {
    small: { quota: { pods: 5 }, podSecurity: { enforce: "restricted" } },
    large: { quota: { pods: 50 }, limits: { container: { max: { cpu: 4 } } } },
  },
  // Undos look again for no time and go on for a few rounds; tests that need more say so.
  retry: {
    ...{ firstIntervalMs: 10, maxIntervalMs: 20, attempts: 4, authenticationTimeoutMs: 100 },
    ...{ landingMs: 0, undoTimeoutMs: 50, namespaceDeletionMs: 0 },
  },
});

const webhook = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "azure-wi-webhook-mutating-webhook-configuration" },
};

export function createFakeCloud(changes: Partial<Catalog> = {}): FakeCloud {
  const objects: Objects = new Map();
  place(objects, webhook, {});
  const tables = new Map<string, Rows>();
  const stored = createTables(tables, unhindered);
  const cloud: State = {
    identities: new Map(),
    credentials: new Map(),
    bindings: new Map(),
    managed: new Map(),
    roles: ["db_owner", "db_datareader", "db_datawriter"],
    roleAssignments: new Map(),
    cosmosAccounts: new Map(),
    sqlAdmins: new Map([["sql-dev", { login: "mooring", objectId: randomUUID() }]]),
    users: new Map([
      ["sql-dev/messages", new Map()],
      ["sql-dev/orders", new Map()],
    ]),
    objects: new ObjectsView(objects),
    ...viewRegistry(tables),
    events: [],
    audit: [],
    onWrite: () => undefined,
    spoil: (table, row) => spoilRow(tables.get(table), row),
    late: [],
  };

  async function write<T>(what: string, effect: () => T): Promise<T> {
    const fate = fake.onWrite({ what, when: "before" });
    const isKept = fate === "late" || fate === "dies" || fate instanceof Error;
    if (isKept) cloud.late.push(() => attempt(effect));
    if (fate === "dies") return await new Promise<never>(() => undefined);
    if (fate === "late") throw new TransientError("ARM_UNAVAILABLE", `${what}: no answer in time`);
    if (fate instanceof Error) throw fate;
    const result = effect();
    fake.onWrite({ what, when: "after" });
    return result;
  }

  const calls: Calls = { ...unhindered, write };
  const rightsIn = (key: string) => {
    const held = [...(cloud.users.get(key)?.values() ?? [])].flatMap(({ roles }) => roles);
    return { roles: [...new Set([...cloud.roles, ...held])] };
  };
  let usersMade = 0;
  /** Keeps creation times distinct. */
  const newTime = () => {
    usersMade += 1;
    return new Date(Date.now() + usersMade).toISOString();
  };

  const fake: FakeCloud = Object.assign(cloud, {
    calls,
    ports: {
      // A copy: some tests change what theirs says.
      catalog: { ...structuredClone(catalog), ...changes },
      identities: createIdentities(cloud, calls, { newGuid: randomUUID, tenantId: catalog.tenantId }),
      identityBindings: createIdentityBindings(cloud, calls),
      managedNamespaces: createManagedModel(cloud.managed, calls),
      sqlServers: createServers(cloud, calls, ["messages", "orders"]),
      ...createRoleAssignments(cloud, calls, () => new Date().toISOString()),
      cosmosRoles: createCosmosModel(cloud.cosmosAccounts, calls),
      databases: createDatabases({ ...cloud, rightsIn, newTime }, calls),
      postgres: noPostgres,
      kubernetes: createKubernetes(objects, calls, { issuer, newUid: randomUUID, deletion: () => undefined }),
      issuers: publishedIssuers,
      ...stored,
      admissions: createSerial(),
      audit: auditOf(cloud),
      changes: { wait: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5))) },
      events: { publish: async (event) => void cloud.events.push(event) },
      queue: idleQueue,
    } satisfies Ports,
  });
  return fake;
}

/** What lands when it is no longer possible does nothing, and nobody hears of it. */
function attempt(effect: () => unknown): void {
  try {
    effect();
  } catch {
    // Its sender waits no longer.
  }
}

type State = Omit<FakeCloud, "ports" | "calls">;

function isOf({ team }: { team?: string | undefined }, teams: readonly string[] | undefined): boolean {
  return teams === undefined || (team !== undefined && teams.includes(team));
}

function auditOf({ audit }: State): Ports["audit"] {
  return {
    async append(entry) {
      if (!audit.some(({ id }) => id === entry.id)) audit.push(seal(entry, audit.at(-1) ?? genesis));
    },
    read: async ({ teams }) => ({ value: audit.toReversed().filter((each) => isOf(each, teams)) }),
    verify: async () => ({ valid: true, entries: audit.length, head: (audit.at(-1) ?? genesis).hash }),
  };
}
