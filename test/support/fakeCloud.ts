/** The ports on an in-memory cloud, for tests of what activities decide. Simulators test the wires. */

import { randomUUID } from "node:crypto";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import type { IdempotencyRecord } from "../../src/domain/http/idempotency.ts";
import type { ClientId, PrincipalId } from "../../src/domain/naming/identityPair.ts";
import { automaticCredential } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { soughtFrom } from "../../src/domain/operation/expiry.ts";
import { isFree, isHeld, isOnboarded } from "../../src/domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../src/domain/operation/namespaceRecord.ts";
import type {
  BatchAsk,
  BatchItem,
  BatchRecord,
  OpenBatch,
  OperationRecord,
  StepRecord,
  Stored,
  WaitingRequest,
} from "../../src/domain/operation/records.ts";
import { createSerial } from "../../src/domain/serial.ts";
import type { EntraAdmin } from "../../src/domain/targets/sqlDatabase.ts";
import { type AuditRecord, genesis, seal } from "../../src/domain/watching/audit.ts";
import type { CloudEvent } from "../../src/domain/watching/events.ts";
import type { DatabaseUser, UserChange } from "../../src/ports/databases.ts";
import type { FederatedCredential, IdentityRef, ManagedIdentity } from "../../src/ports/identities.ts";
import type { BindingRef, IdentityBinding } from "../../src/ports/identityBindings.ts";
import type { Ports } from "../../src/ports/index.ts";
import type { Issuers } from "../../src/ports/issuers.ts";
import type { KubernetesObject, ObjectRef } from "../../src/ports/kubernetes.ts";
import type { Batches, WaitingRequests } from "../../src/ports/registry.ts";
import type { AssignmentRef, RoleAssignment } from "../../src/ports/roleAssignments.ts";
import type { QueueMessages } from "../../src/ports/serviceBus.ts";
import { type CosmosAccounts, createCosmosModel } from "./cosmosModel.ts";
import { newPair } from "./ids.ts";
import { noPostgres } from "./noPostgres.ts";

export interface FakeCloud {
  readonly ports: Ports;
  readonly identities: Map<string, ManagedIdentity>;
  readonly credentials: Map<string, FederatedCredential[]>;
  /** By cluster and name. */
  readonly bindings: Map<string, IdentityBinding>;
  /** By `server/database`, then by name. */
  readonly users: Map<string, Map<string, DatabaseUser>>;
  /** That every database has. */
  readonly roles: string[];
  /** Of all principals; an assignment applies to its scope and to every scope that begins with it. */
  readonly roleAssignments: RoleAssignment[];
  /** Of all principals. */
  readonly cosmosAccounts: CosmosAccounts;
  /** For every SQL server. */
  sqlAdmin: EntraAdmin | undefined;
  readonly objects: Map<string, KubernetesObject>;
  readonly namespaces: Map<string, Stored<NamespaceRecord>>;
  readonly operations: Map<string, Stored<OperationRecord>>;
  readonly batches: Map<string, Stored<BatchRecord>>;
  readonly openBatches: Map<string, Stored<OpenBatch>>;
  /** By batch. */
  readonly items: Map<string, Stored<BatchItem & BatchAsk>[]>;
  readonly steps: Map<string, StepRecord>;
  /** By sequence number. */
  readonly waiting: Map<number, WaitingRequest>;
  readonly events: CloudEvent[];
  readonly audit: AuditRecord[];
  /**
   * Called before and after every write; throw to break it. "late": it gets no answer, and its effect waits in `late`. "dies": the
   * same, and the process that sent it does nothing more.
   */
  onWrite: (call: { what: string; when: "before" | "after" }) => unknown;
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

/** With which every cluster signs. */
export const clusterKey = { id: "key-1", type: "RSA" };
export const issuer = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/";

/** Every issuer publishes that key. */
export const publishedIssuers: Issuers = {
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

function assignmentId({ scope, name }: AssignmentRef): string {
  return `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

export function createFakeCloud(changes: Partial<Catalog> = {}): FakeCloud {
  const cloud: Omit<FakeCloud, "ports"> = {
    identities: new Map(),
    credentials: new Map(),
    bindings: new Map(),
    roles: ["db_owner", "db_datareader", "db_datawriter"],
    roleAssignments: [],
    cosmosAccounts: new Map(),
    sqlAdmin: { login: "mooring", objectId: randomUUID() },
    users: new Map([
      ["sql-dev/messages", new Map()],
      ["sql-dev/orders", new Map()],
    ]),
    objects: new Map([
      [
        "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration /azure-wi-webhook-mutating-webhook-configuration",
        {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "MutatingWebhookConfiguration",
          metadata: { name: "azure-wi-webhook-mutating-webhook-configuration" },
        },
      ],
    ]),
    namespaces: new Map(),
    operations: new Map(),
    batches: new Map(),
    openBatches: new Map(),
    items: new Map(),
    steps: new Map(),
    waiting: new Map(),
    events: [],
    audit: [],
    onWrite: () => undefined,
    late: [],
  };

  async function write<T>(what: string, effect: () => T): Promise<T> {
    const fate = fake.onWrite({ what, when: "before" });
    if (fate === "late" || fate === "dies") cloud.late.push(() => attempt(effect));
    if (fate === "dies") return await new Promise<never>(() => undefined);
    if (fate === "late") throw new TransientError("ARM_UNAVAILABLE", `${what}: no answer in time`);
    const result = effect();
    fake.onWrite({ what, when: "after" });
    return result;
  }

  const fake: FakeCloud = Object.assign(cloud, {
    ports: {
      // A copy: some tests change what theirs says.
      catalog: { ...structuredClone(catalog), ...changes },
      identities: identitiesOf(cloud, write),
      identityBindings: identityBindingsOf(cloud, write),
      sqlServers: {
        inspect: async ({ alias }) => ({
          location: "westeurope",
          fullyQualifiedDomainName: `${alias}.database.windows.net`,
          entraAdmin: cloud.sqlAdmin,
          databases: ["messages", "orders"],
        }),
        setEntraAdmin: (_server, admin) =>
          write("set SQL administrator", () => {
            cloud.sqlAdmin = admin;
          }),
        removeEntraAdmin: () =>
          write("remove SQL administrator", () => {
            cloud.sqlAdmin = undefined;
          }),
      },
      roleAssignments: {
        ownPermissions: async () => [{ actions: ["*"], notActions: [] }],
        heldAt: async (scope, principal) =>
          cloud.roleAssignments.filter((each) => each.principalId === principal && scope.startsWith(each.scope)),
        givenTo: async (principal) => cloud.roleAssignments.filter(({ principalId }) => principalId === principal),
        madeAt: async (scope) =>
          cloud.roleAssignments.filter((each) => each.scope.toLowerCase() === scope.toLowerCase()),
        applyingAt: async (scope) =>
          cloud.roleAssignments.filter((each) => `${scope}/`.toLowerCase().startsWith(`${each.scope}/`.toLowerCase())),
        get: async (ref) => cloud.roleAssignments.find(({ id }) => id === assignmentId(ref)),
        put: (ref, { roleId, principalId, description }) =>
          write("put role assignment", () => {
            const id = assignmentId(ref);
            const index = cloud.roleAssignments.findIndex((each) => each.id === id);
            const createdTime = cloud.roleAssignments[index]?.createdTime ?? new Date().toISOString();
            const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
            const made = { id, scope: ref.scope, roleDefinitionId, principalId, description, createdTime };
            cloud.roleAssignments.splice(index < 0 ? cloud.roleAssignments.length : index, index < 0 ? 0 : 1, made);
          }),
        remove: (ref) =>
          write("remove role assignment", () => {
            const index = cloud.roleAssignments.findIndex(({ id }) => id === assignmentId(ref));
            if (index >= 0) cloud.roleAssignments.splice(index, 1);
          }),
        usage: async () => ({ made: cloud.roleAssignments.length, limit: 4_000 }),
      },
      cosmosRoles: createCosmosModel(cloud.cosmosAccounts, { read: async (_what, answer) => answer(), write }),
      azureResources: {
        find: async () => ({ properties: { enableRbacAuthorization: true } }),
        locksAt: async () => [],
      },
      databases: {
        async inspect({ server, database }, { name, sid }) {
          const users = usersOf(cloud, `${server.alias}/${database}`);
          return {
            users: [...users.values()].filter((user) => user.name === name || user.sid === sid),
            roles: [...new Set([...cloud.roles, ...[...users.values()].flatMap((each) => each.roles)])],
          };
        },
        inspectAll: async ({ server, database }) => ({
          users: [...usersOf(cloud, `${server.alias}/${database}`).values()],
          roles: [...cloud.roles],
        }),
        ownRoleMembers: async ({ server, database }) =>
          [...usersOf(cloud, `${server.alias}/${database}`).values()].flatMap(({ name: member, sid, mark, roles }) =>
            roles
              .filter((role) => role.startsWith("mooring_"))
              .map((role) => ({ role, member, sid, mark, isSelf: false })),
          ),
        change: ({ server, database }, changes) =>
          write(`change ${server.alias}/${database}`, () => {
            const users = usersOf(cloud, `${server.alias}/${database}`);
            const clientIdOf = (principalId: PrincipalId) => {
              const found = [...cloud.identities.values()].find((each) => each.principalId === principalId);
              if (!found) throw new TransientError("SQL_PRINCIPAL_NOT_YET_VISIBLE", `nobody is ${principalId} (33130)`);
              return found.clientId;
            };
            for (const change of changes) applyChange(users, change, clientIdOf);
          }),
      },
      postgres: noPostgres,
      kubernetes: kubernetesOf(cloud, write),
      issuers: publishedIssuers,
      registry: registryOf(cloud),
      admissions: createSerial(),
      audit: auditOf(cloud),
      idempotencyKeys: keysOf(),
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

type Write = <T>(what: string, effect: () => T) => Promise<T>;
type State = Omit<FakeCloud, "ports">;

function identitiesOf({ identities, credentials }: State, write: Write): Ports["identities"] {
  const key = ({ name }: IdentityRef) => name;
  return {
    get: async (ref) => identities.get(key(ref)),
    listIn: async () => [...identities.values()],
    put: (ref, settings) =>
      write("put identity", () => {
        const made = identities.get(key(ref)) ?? {
          id: `/subscriptions/${ref.subscriptionId}/${ref.name}`,
          name: ref.name,
          ...newPair(),
          tenantId: catalog.tenantId,
          ...settings,
        };
        identities.set(key(ref), { ...made, tags: settings.tags });
        return made;
      }),
    remove: (ref) =>
      write("remove identity", () => {
        identities.delete(key(ref));
        credentials.delete(key(ref));
      }),
    federatedCredentials: async (ref) => credentials.get(key(ref)) ?? [],
    putFederatedCredential: (ref, credential) =>
      write("put credential", () => {
        const others = (credentials.get(key(ref)) ?? []).filter(({ name }) => name !== credential.name);
        credentials.set(key(ref), [...others, credential]);
      }),
    pace: () => ({ intervalMs: 500, waitMs: 0 }),
    removeFederatedCredential: (ref, name) =>
      write("remove credential", () => {
        credentials.set(
          key(ref),
          (credentials.get(key(ref)) ?? []).filter((credential) => credential.name !== name),
        );
      }),
  };
}

/** Each makes the identity's automatic credential, which Azure never collects. */
function identityBindingsOf({ bindings, credentials, identities }: State, write: Write): Ports["identityBindings"] {
  const key = ({ clusterId, name }: BindingRef) => `${clusterId}/${name}`;
  return {
    get: async (ref) => bindings.get(key(ref)),
    listAt: async (clusterId) =>
      [...bindings].filter(([each]) => each.startsWith(`${clusterId}/`)).map(([, binding]) => binding),
    put: (ref, { identityId }) =>
      write("put binding", () => {
        const identity = [...identities.values()].find(({ name }) => identityId.endsWith(`/${name}`));
        if (!identity) throw new PermanentError("ARM_REJECTED", `there is no identity ${identityId}`);
        const clientId = bindings.get(key(ref))?.clientId ?? identity.clientId;
        bindings.set(key(ref), { name: ref.name, identityId, clientId, isReady: true });
        const others = (credentials.get(identity.name) ?? []).filter(({ name }) => name !== automaticCredential);
        const issuer = `https://ib.oic.prod-aks.azure.com/${identity.tenantId}/${identity.clientId}`;
        const automatic = {
          name: automaticCredential,
          issuer,
          subject: "aks",
          audiences: ["api://AzureADTokenExchange"],
        };
        credentials.set(identity.name, [...others, automatic]);
      }),
    remove: (ref) => write("remove binding", () => void bindings.delete(key(ref))),
  };
}

function kubernetesOf({ objects }: State, write: Write): Ports["kubernetes"] {
  const key = ({ apiVersion, kind, name, namespace = "" }: ObjectRef) => `${apiVersion} ${kind} ${namespace}/${name}`;
  return {
    get: async (_cluster, ref) => objects.get(key(ref)),
    list: async (_cluster, { kind, namespace, labelSelector }) =>
      [...objects.values()].filter(
        ({ kind: each, metadata }) =>
          each === kind &&
          (namespace === undefined || metadata.namespace === namespace) &&
          isSelected(metadata.labels ?? {}, labelSelector),
      ),
    async namespacedKinds() {
      const inside = [...objects.values()].filter(({ metadata }) => metadata.namespace !== undefined);
      const kinds = new Map(inside.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]));
      return { kinds: [...kinds.values()], unanswered: [] };
    },
    listMetadata: async (_cluster, { apiVersion, kind, namespace }) =>
      [...objects.values()]
        .filter((each) => each.apiVersion === apiVersion && each.kind === kind && each.metadata.namespace === namespace)
        .map(({ metadata }) => ({ apiVersion, kind, metadata })),
    async apply(_cluster, object, { dryRun = false } = {}) {
      const { name, namespace } = object.metadata;
      const ref = { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}) };
      const uid = objects.get(key(ref))?.metadata.uid ?? randomUUID();
      const managedFields = [{ manager: "mooring", operation: "Apply", fieldsV1: fieldsOf(object) }];
      const applied = { ...object, metadata: { ...object.metadata, uid, managedFields } };
      if (!dryRun) await write(`apply ${object.kind}`, () => objects.set(key(ref), applied));
      return applied;
    },
    async remove(_cluster, ref, { uid }, { dryRun = false } = {}) {
      if (dryRun) return;
      await write(`remove ${ref.kind}`, () => {
        if (objects.get(key(ref))?.metadata.uid !== uid) return;
        objects.delete(key(ref));
        if (ref.kind !== "Namespace") return;
        for (const [other, object] of objects) if (object.metadata.namespace === ref.name) objects.delete(other);
      });
    },
    whyForbidden: async () => undefined,
    mayDo: async () => true,
    kinds: async () => ["AzureIdentity", "AzureIdentityBinding"],
    issuer: async () => issuer,
    signingKeys: async () => [clusterKey],
  };
}

/** Fields of an object that have no owner. */
const unowned = new Set(["apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid"]);

/** The applied fields, in the format of managedFields. */
function fieldsOf(object: object, path = ""): Record<string, unknown> {
  const fields = Object.entries(object).filter(([key]) => !unowned.has(path + key));
  return Object.fromEntries(
    fields.map(([key, value]) => {
      const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
      return [`f:${key}`, isMap ? fieldsOf(value, `${path}${key}.`) : {}];
    }),
  );
}

/** Supports only the selector `name=value`. */
function isSelected(labels: Readonly<Record<string, string>>, selector = ""): boolean {
  const [name = "", value] = selector.split("=");
  return name === "" || labels[name] === value;
}

function usersOf({ users }: State, database: string): Map<string, DatabaseUser> {
  const found = users.get(database);
  if (!found) throw new TransientError("SQL_UNAVAILABLE", `no database ${database}`);
  return found;
}

/** Keeps creation times distinct. */
let usersMade = 0;

function applyChange(
  users: Map<string, DatabaseUser>,
  change: UserChange,
  clientIdOf: (principalId: PrincipalId) => ClientId,
): void {
  if (change.kind === "createFromSid" || change.kind === "createFromProvider") {
    if (users.has(change.user)) throw new Error(`user ${change.user} exists (15023)`);
    const sid = change.kind === "createFromSid" ? change.sid : sidFromClientId(clientIdOf(change.objectId));
    const made = { name: change.user, type: "E", sid, roles: [], permissions: [], ownedSchemas: [], mark: undefined };
    users.set(change.user, { ...made, createdTime: new Date(Date.now() + usersMade).toISOString() });
    usersMade += 1;
    return;
  }
  const user = users.get(change.user);
  if (!user) throw new Error(`no user ${change.user} (15151)`);
  if (change.kind === "drop") users.delete(change.user);
  if (change.kind === "mark") users.set(user.name, { ...user, mark: change.mark });
  if (change.kind === "addRole") users.set(user.name, { ...user, roles: [...new Set([...user.roles, change.role])] });
  if (change.kind === "removeRole")
    users.set(user.name, { ...user, roles: user.roles.filter((r) => r !== change.role) });
  if (change.kind === "grant") users.set(user.name, { ...user, permissions: [change.permission] });
  if (change.kind === "revoke") users.set(user.name, { ...user, permissions: [] });
}

function keysOf(): Ports["idempotencyKeys"] {
  const records = new Map<string, Stored<IdempotencyRecord>>();
  const id = ({ caller, key }: Pick<IdempotencyRecord, "caller" | "key">) => JSON.stringify([caller, key]);
  let version = 0;
  const write = (record: IdempotencyRecord) => {
    version += 1;
    records.set(id(record), { ...record, etag: `${version}` });
    return true;
  };
  return {
    find: async (key) => records.get(id(key)),
    insert: async (record) => !records.has(id(record)) && write(record),
    replace: async (record) => records.get(id(record))?.etag === record.etag && write(record),
    async answer(key, answer) {
      const record = records.get(id(key));
      if (record) write({ ...record, answer });
    },
    async release(claimed) {
      if (records.get(id(claimed))?.claimedTime === claimed.claimedTime) records.delete(id(claimed));
    },
    async expire(claimed, claimedTime) {
      const record = records.get(id(claimed));
      if (record?.claimedTime === claimed.claimedTime) write({ ...record, claimedTime });
    },
    async removeClaimedBefore(time, most) {
      const old = [...records].filter(([, { claimedTime }]) => claimedTime < time).slice(0, most);
      for (const [key] of old) records.delete(key);
      return old.length;
    },
  };
}

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

function registryOf(state: State): Ports["registry"] {
  const { namespaces, operations, batches, steps } = state;
  const key = ({ cluster, namespace }: { cluster: string; namespace: string }) => `${cluster}/${namespace}`;
  let version = 0;
  const nextEtag = () => {
    version += 1;
    return `${version}`;
  };
  const stamp = (record: NamespaceRecord) => namespaces.set(key(record), { ...record, etag: nextEtag() });
  return {
    ...batchesOf(state, nextEtag),
    ...waitingOf(state),
    findOperation: async (id) => operations.get(id) ?? batches.get(id),
    getNamespace: async (berth) => namespaces.get(key(berth)),
    listNamespaces: async ({ teams }) => ({ value: [...namespaces.values()].filter((each) => isOf(each, teams)) }),
    countNamespaces: async (team) => [...namespaces.values()].filter((each) => each.team === team).length,
    heldNamespaces: async () => [...namespaces.values()].filter(isHeld),
    namespacesToVerify: async ({ before }) =>
      [...namespaces.values()]
        .filter(isOnboarded)
        .filter(({ verifiedTime }) => verifiedTime !== undefined && verifiedTime < before),
    namespacesEnding: async ({ before }) =>
      [...namespaces.values()].filter(isFree).filter((each) => (soughtFrom(each) ?? before) < before),
    time: async () => Date.now(),
    async insertNamespace(record) {
      if (namespaces.has(key(record))) return false;
      stamp(record);
      return true;
    },
    async replaceNamespace(record) {
      if (namespaces.get(key(record))?.etag !== record.etag) return false;
      stamp(record);
      return true;
    },
    async removeNamespace(record) {
      return namespaces.get(key(record))?.etag === record.etag && namespaces.delete(key(record));
    },
    getOperation: async (id) => operations.get(id),
    listOperations: async ({ teams, status }) => ({
      value: [...operations.values(), ...batches.values()].filter(
        (each) => isOf(each, teams) && (status === undefined || each.status === status),
      ),
    }),
    async insertOperation(record) {
      if (!operations.has(record.id)) operations.set(record.id, { ...record, etag: nextEtag() });
    },
    async updateOperation(id, changes) {
      const record = operations.get(id);
      if (record) operations.set(id, { ...record, ...changes, etag: nextEtag() });
    },
    async amendOperation({ id, etag }, changes) {
      const record = operations.get(id);
      if (record?.etag !== etag) return false;
      operations.set(id, { ...record, ...changes, etag: nextEtag() });
      return true;
    },
    listSteps: async (operation) =>
      [...steps]
        .filter(([id, { status }]) => id.startsWith(`${operation} `) && status !== "NotStarted")
        .map(([, record]) => record),
    getStep: async (operation, { name, target }) => steps.get(`${operation} ${name} ${target}`),
    async startStep(operation, { name, target }, startTime) {
      const id = `${operation} ${name} ${target}`;
      const before = steps.get(id);
      if (!before) {
        const changedTime = new Date().toISOString();
        steps.set(id, { startTime, name, target, status: "Running", attempts: 1, changedTime, isOpen: true });
      }
      return before;
    },
    async repeatStep(operation, { name, target }, attempts, unanswered) {
      const id = `${operation} ${name} ${target}`;
      const record = steps.get(id);
      if (!record) throw new Error(`${id} has not begun`);
      const changedTime = new Date().toISOString();
      steps.set(id, { ...record, status: "Running", attempts, changedTime, isOpen: true, ...unanswered });
    },
    async closeSteps(operation, wanted, startTime) {
      for (const { name, target } of wanted) {
        const id = `${operation} ${name} ${target}`;
        if (!steps.has(id)) steps.set(id, { name, target, status: "NotStarted", attempts: 0, startTime });
      }
      return await this.listSteps(operation);
    },
    async updateStep(operation, { name, target }, changes) {
      const id = `${operation} ${name} ${target}`;
      const record = steps.get(id);
      if (record) steps.set(id, { ...record, ...changes, changedTime: new Date().toISOString() });
    },
    probe: async () => undefined,
    countUnreadable: async () => 0,
  };
}

function waitingOf({ waiting }: State): WaitingRequests {
  const inOrder = () => [...waiting.values()].toSorted((a, b) => a.sequenceNumber - b.sequenceNumber);
  return {
    waitingFor: async ({ cluster, namespace }) =>
      inOrder().filter((each) => each.cluster === cluster && each.namespace === namespace),
    firstWaiting: async ({ cluster, namespace }) =>
      inOrder().find((each) => each.cluster === cluster && each.namespace === namespace),
    listWaiting: async () => inOrder(),
    async insertWaiting(record) {
      if (!waiting.has(record.sequenceNumber)) waiting.set(record.sequenceNumber, record);
    },
    async removeWaiting({ sequenceNumber }) {
      waiting.delete(sequenceNumber);
    },
  };
}

function batchesOf({ batches, openBatches, items }: State, nextEtag: () => string): Batches {
  function amendAll(batch: string, amendments: Parameters<Batches["amendBatchItems"]>[1]): boolean {
    const rows = items.get(batch) ?? [];
    if (amendments.some(({ item: { index, etag } }) => rows[index]?.etag !== etag)) return false;
    for (const { item, changes } of amendments) {
      const row = rows[item.index];
      if (row) rows[item.index] = { ...row, ...changes, etag: nextEtag() };
    }
    return true;
  }

  return {
    async insertBatch(record, asked) {
      const { id, createdTime } = record;
      items.set(
        id,
        asked.map((each, index) => ({ ...each, index, status: "NotStarted", etag: nextEtag() })),
      );
      const open = { id, acceptedTime: createdTime, requests: asked.length, next: 0, taken: {}, etag: nextEtag() };
      openBatches.set(id, open);
      batches.set(id, { ...record, etag: nextEtag() });
    },
    getBatch: async (id) => batches.get(id),
    async amendBatch({ id, etag }, changes) {
      const record = batches.get(id);
      if (record?.etag !== etag) return false;
      batches.set(id, { ...record, ...changes, etag: nextEtag() });
      return true;
    },
    openBatches: async () => [...openBatches.values()],
    getOpenBatch: async (id) => openBatches.get(id),
    async replaceOpenBatch(record) {
      if (openBatches.get(record.id)?.etag !== record.etag) return false;
      openBatches.set(record.id, { ...record, etag: nextEtag() });
      return true;
    },
    async closeBatch(id) {
      openBatches.delete(id);
    },
    async forgetBatch({ id, etag }) {
      if (openBatches.get(id)?.etag !== etag) return;
      items.delete(id);
      openBatches.delete(id);
    },
    getBatchItem: async (batch, index) => items.get(batch)?.[index],
    listBatchItems: async (batch, query) =>
      (items.get(batch) ?? []).filter(({ status }) => query === undefined || status === query.status),
    async updateBatchItems(batch, updates) {
      const rows = items.get(batch) ?? [];
      for (const { index, changes } of updates) {
        const row = rows[index];
        if (row) rows[index] = { ...row, ...changes, etag: nextEtag() };
      }
    },
    async amendBatchItem(batch, item, changes) {
      return amendAll(batch, [{ item, changes }]);
    },
    async amendBatchItems(batch, amendments) {
      const isAmended = amendAll(batch, amendments);
      return amendments.map(() => isAmended);
    },
  };
}
