/** One world made from a seed: a request, what already exists and who owns it, and how things will go wrong. */

import type { Caller } from "../../../src/domain/access/caller.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { ClientId } from "../../../src/domain/naming/identityPair.ts";
import { PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import {
  type Berth,
  berthKey,
  bindingName,
  federatedCredentialName,
  federatedSubject,
  identityName,
  namesInside,
} from "../../../src/domain/naming/names.ts";
import { ownerMetadata, ownerTags, printMark, printRoleMark } from "../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createSerial } from "../../../src/domain/serial.ts";
import {
  assignmentName,
  everyRole,
  isAzureRolePlace,
  rolesFor,
  scopeOf,
} from "../../../src/domain/targets/azureRoles.ts";
import { placeOf, type TargetRequest } from "../../../src/domain/targets/namedTarget.ts";
import type { AuditEntry } from "../../../src/domain/watching/audit.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import type { ManagedIdentity } from "../../../src/ports/identities.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { KubernetesObject } from "../../../src/ports/kubernetes.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { idleQueue } from "../../support/fakeCloud.ts";
import { newPair } from "../../support/ids.ts";
import {
  type AzureState,
  createIdentities,
  createIdentityBindings,
  createRoleAssignments,
  createServers,
} from "../../support/models/azure.ts";
import type { Calls } from "../../support/models/calls.ts";
import { type CosmosAccounts, createCosmosModel } from "../../support/models/cosmos.ts";
import { createDatabases, type Users } from "../../support/models/databases.ts";
import { clusterKey, createKubernetes, type Objects, place } from "../../support/models/kubernetes.ts";
import { createManagedModel } from "../../support/models/managedNamespaces.ts";
import { createTables, type Rows } from "../../support/models/tables.ts";
import { blue, operator } from "./callers.ts";
import { cosmosTargets, furnishCosmos } from "./cosmosWorld.ts";
import { createEngineFaults, type EngineFaults } from "./engine.ts";
import { type Call, createFaults, createLateness, type FaultPlan, type Faults } from "./faults.ts";
import { createHolds, type Holds } from "./holds.ts";
import { furnishManaged, inManagedWeather, managingCluster } from "./managedWorld.ts";
import { lastingOnNetworks, withNetworkProfile, withNetworks } from "./networkWorld.ts";
import { watchOwners } from "./owners.ts";
import { createPostgresModel, type PostgresServer } from "./postgres.ts";
import { createPostgresServer, furnishPostgres, lastingOnPostgres, postgresTargets } from "./postgresWorld.ts";
import { createDice, type Dice } from "./random.ts";
import { type RightsIn, rightsOf } from "./rights.ts";
import { createTrail, entriesOf, type TrailRows } from "./trail.ts";
import { createVisitors, type Visitors, withVisitors } from "./visitors.ts";

export interface World {
  readonly seed: number;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly catalog: Catalog;
  /** The ports of a process: its calls fail with it when it dies. */
  readonly portsOf: (call: Call) => Ports;
  readonly azure: AzureState & { readonly cosmosAccounts: CosmosAccounts };
  readonly users: Users;
  /** What Mooring may do in each database. */
  readonly rightsIn: RightsIn;
  readonly postgres: PostgresServer;
  readonly objects: Objects;
  readonly registry: Registry;
  /** By table. */
  readonly rows: ReadonlyMap<string, Rows>;
  readonly request: OnboardingRequest;
  /** The caller who sends the request. */
  readonly by: Caller;
  /** An earlier operation for the same request ended without restoring a known state. */
  readonly hasRemains: boolean;
  /** How calls fail while the world is not calm. */
  readonly weather: FaultPlan;
  /** The probability of a cancel, at every step. */
  readonly cancels: number;
  /** The probability that an activity runs twice although once would do. */
  readonly twice: number;
  /** How the durable runtime itself fails. */
  readonly engine: EngineFaults;
  /** The probability that an orchestrator's turn is repeated, because the process died before recording it. */
  readonly turnsAgain: number;
  /** Its requests ask for identity bindings where those of other worlds ask for workload identity. */
  readonly binds: boolean;
  /** In its worlds, migrations go from any mode to any other, and back; in others, from pod identity to workload identity. */
  readonly roamDice: Dice | undefined;
  /** For what requests ask besides databases; undefined in worlds whose catalog has no other targets. */
  readonly targetDice: Dice | undefined;
  /** The same for schemas on a PostgreSQL server. */
  readonly postgresDice: Dice | undefined;
  /** The same for bundles on a schema of a database, and for roles of its owner. */
  readonly rolesDice: Dice | undefined;
  /** For the profile that requests name; undefined in worlds whose catalog has none. */
  readonly profileDice: Dice | undefined;
  /** The same for profiles with a network policy. */
  readonly networkDice: Dice | undefined;
  /** The same for an account of Cosmos DB. */
  readonly cosmosDice: Dice | undefined;
  readonly events: string[];
  /** Access that a namespace had although neither its team nor anybody had asked for it on that team's behalf. */
  readonly strange: ReadonlySet<string>;
  /** Nobody comes unless a test invites them. */
  readonly visitors: Visitors;
  /** Nothing holds a namespace unless a test wants it. */
  readonly holds: Holds;
  readonly newGuid: () => string;
  /** The audit trail's rows, in worlds where it is a chain. */
  readonly trail: TrailRows;
  auditEntries(): readonly AuditEntry[];
  /** Whether the chain of the audit trail is intact. */
  verifyAudit(): Promise<boolean>;
}

const databases = [
  { server: "sql-a", database: "one" },
  { server: "sql-a", database: "two" },
  { server: "sql-b", database: "three" },
  { server: "sql-b", database: "four" },
];
export const issuer = "https://issuer.example/cluster/";

/** How long a write without an answer may still take effect. */
const landingMs = 60_000;

const everything = ["reader", "writer", "executor", "reader@sales", "role:reports"];
const team = {
  clusters: ["aks"],
  namespaces: ["team*"],
  databases: {
    "sql-a": { one: everything, two: everything },
    "sql-b": { three: everything, four: everything },
  },
  quota: 1,
};

function createCatalog(attempts: number, needApproval: readonly string[]): Catalog {
  return Catalog.parse({
    tenantId: guid(0),
    clusters: {
      aks: {
        apiServer: "https://aks.example",
        oidcIssuer: issuer,
        subscriptionId: guid(2),
        identityResourceGroup: "nodes",
        location: "westeurope",
        identityModes: ["workloadIdentity", "podIdentity"],
      },
    },
    sqlServers: {
      "sql-a": server("sql-a", { userCreation: "sid", names: ["one", "two"] }),
      "sql-b": server("sql-b", { userCreation: "externalProvider", names: ["three", "four"] }),
    },
    // Longer than any Retry-After, so that nothing waits in real time.
    retry: {
      ...{ firstIntervalMs: 10_000, maxIntervalMs: 20_000, attempts },
      ...{ landingMs, undoTimeoutMs: 200_000, namespaceDeletionMs: 0 },
    },
    approval: { databases: needApproval },
    teams: { blue: team, red: team, green: { ...team, quota: 10 } },
  });
}

const { clusters: outsideAzure } = Catalog.parse({
  tenantId: guid(0),
  clusters: {
    aks: {
      kind: "oidc",
      apiServer: "https://k3s.example",
      oidcIssuer: issuer,
      subscriptionId: guid(2),
      identityResourceGroup: "nodes",
      location: "westeurope",
      login: { by: "entra", audience: "api://k3s" },
    },
  },
  sqlServers: {},
});

const catalogs = [2, 3, 4].flatMap((attempts) => [createCatalog(attempts, []), createCatalog(attempts, ["sql-a/one"])]);

const account = "/subscriptions/s/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/data";
/** The container, or the queue, of each has its alias as name. */
const namedTargets: Catalog["targets"] = {
  uploads: { kind: "storageBlob", resourceId: account, container: "uploads", access: ["read", "write"] },
  reports: { kind: "storageBlob", resourceId: account, container: "reports", access: ["read", "write"] },
  jobs: { kind: "storageQueue", resourceId: account, queue: "jobs", access: ["send", "receive", "write"] },
};

function withNamedTargets(catalog: Catalog, entries: Catalog["targets"]): Catalog {
  const targets = Object.fromEntries(Object.entries(entries).map(([name, { access }]) => [name, access]));
  const teams = Object.fromEntries(Object.entries(catalog.teams).map(([name, each]) => [name, { ...each, targets }]));
  return { ...catalog, targets: entries, teams };
}

/** What a world adds to an ordinary request, and what it has to keep of the one before. */
type Wishes = Pick<
  World,
  "targetDice" | "postgresDice" | "cosmosDice" | "rolesDice" | "profileDice" | "networkDice" | "binds"
> &
  Partial<Pick<World, "hasRemains" | "request">>;

/** The request with all that the world's catalog has besides. */
export function withWishes(wishes: Wishes, request: OnboardingRequest): OnboardingRequest {
  return inModeOf(wishes, withProfile(wishes, withTargets(wishes, withRoles(wishes, request))));
}

/** The same databases, on some of them with less than a bundle on the whole. */
function withRoles({ rolesDice: dice }: Wishes, request: OnboardingRequest): OnboardingRequest {
  if (!dice) return request;
  const less = [["reader@sales"], ["role:reports"], ["reader@sales", "executor"], ["role:reports", "reader@sales"]];
  const databases = request.databases.map((each) => (dice.chance(0.6) ? { ...each, roles: dice.pick(less) } : each));
  return { ...request, databases };
}

/** A change between them adds and removes an object, a field of another, and a label of the namespace. */
const profiles = Catalog.shape.profiles.parse({
  small: { quota: { pods: 5 }, podSecurity: { enforce: "restricted" } },
  large: {
    quota: { pods: 50, "requests.cpu": "8000m" },
    limits: { container: { max: { cpu: 4 } } },
  },
});

/** The request with a profile of the world's catalog, or without one. */
function withProfile(
  { profileDice: dice, networkDice, ...world }: Wishes,
  { namespaceProfile: _before, ...request }: OnboardingRequest,
): OnboardingRequest {
  const same = world.request?.namespaceProfile;
  if (networkDice) {
    const wanted = withNetworkProfile(networkDice, request);
    if (!world.hasRemains) return wanted;
    const { namespaceProfile: _chosen, ...rest } = wanted;
    return same === undefined ? rest : { ...rest, namespaceProfile: same };
  }
  if (!dice) return request;
  const chosen = world.hasRemains ? same : dice.pick([undefined, "small", "large"]);
  return chosen === undefined ? request : { ...request, namespaceProfile: chosen };
}

/**
 * The request, asking for some of the other targets that the world's catalog has; perhaps for none. What an operation without a
 * record left on a target is only found by who asks for it again.
 */
function withTargets(
  { targetDice, postgresDice, cosmosDice, ...world }: Wishes,
  request: OnboardingRequest,
): OnboardingRequest {
  const { targets: before } = world.request ?? {};
  if (world.hasRemains) return { ...request, ...(before ? { targets: before } : {}) };
  const targets = [
    ...chooseTargets(targetDice, namedTargets),
    ...chooseTargets(postgresDice, postgresTargets),
    ...chooseTargets(cosmosDice, cosmosTargets),
  ];
  return targets.length === 0 ? request : { ...request, targets };
}

function chooseTargets(dice: Dice | undefined, entries: Catalog["targets"]): readonly TargetRequest[] {
  if (!dice) return [];
  const chosen = dice.shuffle(Object.entries(entries)).slice(0, dice.roll(3) + (dice.chance(0.5) ? 1 : 0));
  return chosen.map(([target, { access }]) => ({
    target,
    access: dice.shuffle(access).slice(0, 1 + dice.roll(access.length)),
  }));
}

/** The cluster of a world with identity bindings, in Azure. */
export const clusterId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";

export function withBindings({ clusters, ...catalog }: Catalog): Catalog {
  const { aks } = clusters;
  if (aks?.kind !== "aks") throw new Error("the catalog has no cluster");
  const identityModes = [...aks.identityModes, "identityBinding" as const];
  return { ...catalog, clusters: { aks: { ...aks, identityModes, identityBinding: { clusterId } } } };
}

/** The same clusters, where Azure has profiles. */
function managing({ aks, ...others }: Catalog["clusters"]): Catalog["clusters"] {
  if (aks?.kind !== "aks") throw new Error("the catalog has no cluster");
  return { ...others, aks: { ...aks, managedNamespaces: { clusterId: managingCluster } } };
}

/** The request in an identity mode of the world. */
function inModeOf({ binds }: Wishes, request: OnboardingRequest): OnboardingRequest {
  return binds && request.identityMode === "workloadIdentity"
    ? { ...request, identityMode: "identityBinding" }
    : request;
}

const platform = { login: "platform", objectId: guid(8) };

function withAdmin({ "sql-a": first, ...others }: Catalog["sqlServers"]): Catalog["sqlServers"] {
  return { ...others, ...(first ? { "sql-a": { ...first, entraAdmin: platform } } : {}) };
}

function server(name: string, { userCreation, names }: { userCreation: string; names: readonly string[] }) {
  return {
    resourceId: `/subscriptions/s/resourceGroups/data/providers/Microsoft.Sql/servers/${name}`,
    host: `${name}.example`,
    userCreation,
    databases: Object.fromEntries(names.map((each) => [each, { roles: everything }])),
  };
}

const networkSalt = 0x7e70;

export function createWorld(seed: number, trace?: string[]): World {
  const dice = createDice(seed);
  const faults = createFaults(dice, { trace, late: createLateness(seed, landingMs) });
  const sqlAdmins = new Map(["sql-a", "sql-b"].map((alias) => [alias, platform]));
  const azure: World["azure"] = {
    identities: new Map(),
    credentials: new Map(),
    bindings: new Map(),
    managed: new Map(),
    roleAssignments: new Map(),
    cosmosAccounts: new Map(),
    sqlAdmins,
  };
  // Separate dice, so that every seed keeps the rest of its world.
  const rightsDice = createDice(seed ^ 0x501e);
  const rightsIn: RightsIn = new Map(
    databases.map(({ server: alias, database }) => [
      `${alias}/${database}`,
      rightsDice.pick(["owner" as const, "ownerWithRoles" as const, "least" as const, "least" as const]),
    ]),
  );
  const users: Users = new Map(databases.map(({ server: alias, database }) => [`${alias}/${database}`, new Map()]));
  const objects: Objects = new Map();
  const rows = new Map<string, Rows>();
  const events: string[] = [];
  const trail: TrailRows = new Map();
  let guids = 100;
  const newGuid = () => {
    guids += 1;
    return guid(guids);
  };

  let etags = 0;
  const tableSettings = {
    newEtag: () => {
      etags += 1;
      return `W/"${etags}"`;
    },
    isRepeated: () => dice.chance(faults.plan.passing / 2),
  };
  const visitors = createVisitors(seed, objects, { newUid: newGuid, tell: (line) => void trace?.push(line) });
  const holds = createHolds(seed, objects, faults);
  const deletion = () => (holds.isOn ? holds.next() : { goodbyes: dice.roll(4) });
  const clusterSettings = { issuer, newUid: newGuid, deletion };
  const repair = dice.pick(["none" as const, ["Error" as const], ["Error" as const, "Warning" as const]]);
  // A cancel may come at every look, so an hour's wait never reaches its end. Separate dice, so that every seed keeps the rest
  // of its world.
  const waitForPodsMinutes = createDice(seed ^ 0x90d5).pick([0, 1, 60]);
  // The catalog gives one server an administrator, which may not be set yet. Separate dice here, too.
  const administrators = createDice(seed ^ 0xad31);
  const isAdministered = administrators.chance(0.15);
  if (isAdministered && administrators.chance(0.7)) sqlAdmins.delete("sql-a");
  const chosen = dice.pick(catalogs);
  const others = createDice(seed ^ 0x7a96);
  const targetDice = others.chance(0.3) ? others : undefined;
  const bindingDice = createDice(seed ^ 0xb14d);
  // A cluster outside Azure has one mode, and an issuer that others publish.
  const isOutside = createDice(seed ^ 0x01dc).chance(0.1);
  const binds = bindingDice.chance(0.2) && !isOutside;
  const roaming = createDice(seed ^ 0x20a5);
  const roamDice = roaming.chance(binds ? 0.7 : 0.05) && !isOutside ? roaming : undefined;
  const offered = binds ? withBindings(chosen) : chosen;
  const onPostgres = createDice(seed ^ 0x9018);
  const postgresDice = onPostgres.chance(0.25) ? onPostgres : undefined;
  const inAccount = createDice(seed ^ 0xc05);
  const cosmosDice = inAccount.chance(0.2) ? inAccount : undefined;
  const entries = {
    ...(targetDice ? namedTargets : {}),
    ...(postgresDice ? postgresTargets : {}),
    ...(cosmosDice ? cosmosTargets : {}),
  };
  const onRoles = createDice(seed ^ 0x6bef);
  const rolesDice = onRoles.chance(0.25) ? onRoles : undefined;
  const postgres = createPostgresServer();
  const profiled = createDice(seed ^ 0x9f0f);
  const profileDice = profiled.chance(0.3) ? profiled : undefined;
  // Azure manages the namespaces of its own clusters.
  const inAzure = createDice(seed ^ 0x3a6e);
  const managedDice = profileDice && !isOutside && inAzure.chance(0.4) ? inAzure : undefined;
  const networked = createDice(seed ^ networkSalt);
  const networkDice = networked.chance(0.1) ? networked : undefined;
  const furnished: Catalog = {
    ...(targetDice || postgresDice || cosmosDice ? withNamedTargets(offered, entries) : offered),
    sqlServers: isAdministered ? withAdmin(chosen.sqlServers) : chosen.sqlServers,
    ...(isOutside ? { clusters: outsideAzure } : {}),
    ...(managedDice ? { clusters: managing(offered.clusters) } : {}),
    ...(profileDice ? { profiles } : {}),
    drift: { everyMinutes: 60, repair },
    migration: { waitForPodsMinutes },
  };
  const catalog = networkDice ? withNetworks(furnished, networkDice) : furnished;
  // The chain is expensive: hashes, and more calls. In the other worlds, the trail is a set.
  const audited = dice.chance(0.15) ? undefined : new Map<string, AuditEntry>();
  const names = databases.map(({ database }) => database);
  const strange = new Set<string>();
  const portsOf = (mortal: Call): Ports => portsOn(watchOwners({ rows, users, strange }, mortal));
  const portsOn = (call: Call): Ports => {
    const arm = callsOf(call, "arm");
    return {
      catalog,
      identities: createIdentities(azure, arm, { newGuid, tenantId: guid(0) }),
      identityBindings: createIdentityBindings(azure, arm),
      managedNamespaces: createManagedModel(azure.managed, arm),
      sqlServers: createServers(azure, arm, names),
      ...createRoleAssignments(azure, arm, newGuid),
      cosmosRoles: createCosmosModel(azure.cosmosAccounts, arm),
      databases: createDatabases(
        { users, rightsIn: (key) => rightsOf(rightsIn.get(key)), identities: azure.identities },
        callsOf(call, "sql"),
      ),
      postgres: createPostgresModel(postgres, call, {
        isInTenant: (id) => [...azure.identities.values()].some(({ principalId }) => principalId === id),
        newId: newGuid,
      }),
      kubernetes: withVisitors(createKubernetes(objects, callsOf(call, "kubernetes"), clusterSettings), visitors),
      issuers: {
        read: (at) =>
          call("kubernetes", "issuer document", () => ({ issuer: at, keys: [clusterKey], isPrivate: false })),
      },
      ...createTables(rows, callsOf(call, "tables"), tableSettings),
      admissions: createSerial(),
      events: { publish: ({ id }) => call("serviceBus", "publish", () => void events.push(id)) },
      audit: audited ? createSet(audited, call) : createTrail(trail, call, tableSettings),
      changes: { wait: async () => undefined },
      queue: idleQueue,
    };
  };
  const ports = portsOf(faults.call);
  const dices = { targetDice, postgresDice, cosmosDice, rolesDice, profileDice, networkDice, binds };
  const request = withWishes(dices, createRequest(dice));
  const world: World = {
    ...{
      dice,
      faults,
      portsOf,
      azure,
      users,
      rightsIn,
      objects,
      catalog,
      request,
      events,
      rows,
      newGuid,
      trail,
      visitors,
      holds,
      strange,
      targetDice,
      postgres,
      postgresDice,
      rolesDice,
      binds,
      roamDice,
      profileDice,
      networkDice,
      cosmosDice,
    },
    registry: ports.registry,
    by: dice.chance(0.5) ? operator : blue,
    hasRemains: dice.chance(0.25),
    weather: inManagedWeather(
      inNetworkWeather(
        inBindingWeather(withPostgresWeather(createWeather(dice), postgresDice), binds ? bindingDice : undefined),
        networkDice,
      ),
      managedDice,
    ),
    seed,
    cancels: dice.pick([0, 0, 0, 0.03, 0.1]),
    twice: dice.pick([0, 0.05, 0.2]),
    turnsAgain: dice.pick([0, 0, 0.05]),
    engine: createEngineFaults(seed),
    auditEntries: () => (audited ? [...audited.values()] : entriesOf(trail)),
    verifyAudit: async () => (await ports.audit.verify()).valid,
  };
  furnish(world, newGuid);
  if (managedDice) furnishManaged({ ...azure, objects }, request, { dice: managedDice, uid: newGuid() });
  return world;
}

/** In these worlds, a read fails as a write does. */
function callsOf(call: Call, wire: Parameters<Call>[0]): Calls {
  return { read: (what, answer) => call(wire, what, answer), write: (what, effect) => call(wire, what, effect) };
}

function guid(number: number): string {
  return `${number.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
}

/** Keeps each entry once, by its id. */
function createSet(entries: Map<string, AuditEntry>, call: Call): Ports["audit"] {
  return {
    append: (entry) =>
      call("tables", "append MooringAudit", () => {
        if (!entries.has(entry.id)) entries.set(entry.id, entry);
      }),
    read: async () => ({ value: [] }),
    verify: async () => ({ valid: true, entries: entries.size, head: "" }),
  };
}

/** Creates a request, for the given namespace if there is one. */
export function createRequest(dice: Dice, { namespace = "team" }: { namespace?: string } = {}): OnboardingRequest {
  const chosen = dice.shuffle(databases).slice(0, 1 + dice.roll(4));
  const roles = () => dice.pick([["reader"], ["writer"], ["executor"], ["reader", "executor"], ["writer", "reader"]]);
  return OnboardingRequest.parse({
    cluster: "aks",
    namespace,
    identityMode: dice.pick(["workloadIdentity", "podIdentity"]),
    databases: chosen.map((each) => ({ ...each, roles: roles() })),
    serviceAccount: dice.pick(["app", "app", "worker"]),
    adoptionPolicy: dice.pick(["Never", "IfIdentical", "IfIdentical", "Always"]),
    deletePolicy: dice.pick(["Delete", "Delete", "Keep"]),
  });
}

/** Names of calls that a permanent fault may hit. */
const lasting = [
  /^put identity$/,
  /^remove identity$/,
  /^put credential$/,
  /^remove credential$/,
  /^change sql-a\/one$/,
  /^change sql-b\//,
  /^inspect sql-a\/two$/,
  /^apply (Namespace|ConfigMap)$/,
  /^apply (ServiceAccount|AzureIdentityBinding)$/,
  /^remove (ServiceAccount|AzureIdentity)$/,
  /^remove Namespace$/,
  /^get (ServiceAccount|Namespace)$/,
  /^(insert|merge|get) MooringSteps$/,
  /^(merge|get) MooringOperations$/,
  /^(replace|remove) MooringNamespaces$/,
  /^publish$/,
];

/** Where there are bindings, their calls fail, too. */
function inBindingWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.3)) return weather;
  const calls = [/^put binding$/, /^remove binding$/, /^get binding$/, /^(apply|remove) ClusterRole(Binding)?$/];
  return { ...weather, [dice.pick(["refused", "down"])]: dice.pick(calls) };
}

/** And where there are network policies. */
function inNetworkWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.2)) return weather;
  return { ...weather, [dice.pick(["refused", "down"])]: dice.pick(lastingOnNetworks) };
}

function createWeather(dice: Dice): FaultPlan {
  if (dice.chance(0.15)) return { passing: 0, deaths: 0, refused: undefined, down: undefined };
  return {
    passing: dice.pick([0, 0.01, 0.03, 0.1, 0.25]),
    deaths: dice.pick([0, 0, 0.01, 0.05]),
    refused: dice.chance(0.35) ? dice.pick(lasting) : undefined,
    down: dice.chance(0.2) ? dice.pick(lasting) : undefined,
  };
}

function withPostgresWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.25) || weather.passing === 0) return weather;
  const which = dice.pick(lastingOnPostgres);
  return dice.chance(0.6) ? { ...weather, refused: which } : { ...weather, down: which };
}

/** Adds what exists before any request: other people's things, and what an earlier operation of Mooring's left. */
function furnish(world: World, newGuid: () => string): void {
  const { azure, users, objects } = world;
  const somebody = identity("somebody", { newGuid, location: "westeurope", tags: { team: "x" } });
  azure.identities.set(somebody.name, somebody);
  for (const inDatabase of users.values()) inDatabase.set("somebody", user("somebody", somebody));

  if (world.hasRemains) furnishOwn(world, newGuid);
  else furnishForeign(world, newGuid);
  const webhook = { name: "azure-wi-webhook-mutating-webhook-configuration" };
  const kind = "MutatingWebhookConfiguration";
  place(objects, { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: webhook }, { uid: newGuid() });
}

function furnishForeign(world: World, newGuid: () => string): void {
  const { dice, azure, users, objects, request, catalog } = world;
  const name = identityName(request);
  let foreign: ManagedIdentity | undefined;
  if (dice.chance(0.2)) {
    const tags = dice.pick([{}, { team: "x" }, ownerTags({ cluster: "aks", namespace: "other" }, "another")]);
    foreign = identity(name, { newGuid, location: dice.pick(["westeurope", "westeurope", "northeurope"]), tags });
    azure.identities.set(name, foreign);
    const count = dice.pick([0, 1, 3, 19, 20]);
    const credentials = Array.from({ length: count }, (_, index) => credential(`theirs-${index}`, `repo:x:${index}`));
    if (count > 0 && dice.chance(0.3)) {
      credentials[0] = credential("theirs", federatedSubject(request.namespace, request.serviceAccount));
    }
    azure.credentials.set(name, credentials);
    furnishRoles(world, { own: foreign, description: undefined, newGuid });
    furnishCosmos(world, { own: foreign, operation: undefined, newGuid });
  }
  furnishPostgres(world, { identity: foreign, newGuid });
  for (const inDatabase of users.values()) {
    if (dice.chance(foreign ? 0.5 : 0.06)) {
      const sid = foreign && dice.chance(0.8) ? foreign : newPair(newGuid);
      const called = dice.chance(0.9) ? name : "theirs";
      const roles = dice.pick([[], ["db_datareader"], ["db_datareader", "db_datawriter"], ["app_role"]]);
      const permissions = dice.pick([[], ["EXECUTE"], ["SELECT"]]);
      inDatabase.set(called, {
        ...user(called, sid),
        roles,
        permissions,
        ownedSchemas: dice.pick([[], [], ["theirs"]]),
      });
    }
  }
  if (!dice.chance(0.5)) return;
  place(objects, object("v1", "Namespace", { name: "team", fields: { metadata: { labels: { team: "x" } } } }), {
    uid: newGuid(),
  });
  place(objects, object("v1", "Secret", { name: "theirs", fields: { data: { key: "value" } } }), { uid: newGuid() });
  if (dice.chance(0.4)) {
    const clientId = foreign && dice.chance(0.5) ? foreign.clientId : newGuid();
    const annotations = dice.pick([
      { note: "theirs" },
      { "azure.workload.identity/client-id": clientId },
      { "azure.workload.identity/client-id": clientId, "azure.workload.identity/tenant-id": catalog.tenantId },
    ]);
    const fields = { metadata: { annotations } };
    place(objects, object("v1", "ServiceAccount", { name: "app", fields }), { uid: newGuid() });
  }
  if (dice.chance(0.15)) {
    const fields = { data: dice.pick([{ SERVER_NAME: "theirs" }, { OTHER: "theirs" }]) };
    place(objects, object("v1", "ConfigMap", { name: namesInside.configMap, fields }), { uid: newGuid() });
  }
  if (dice.chance(0.1)) {
    const fields = { spec: dice.pick([{ selector: "theirs" }, { azureIdentity: name }]) };
    const binding = object("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", { name: bindingName(request), fields });
    place(objects, binding, { uid: newGuid() });
  }
}

export const earlier = "earlier";

function furnishOwn(world: World, newGuid: () => string): void {
  const { dice, azure, users, objects, request } = world;
  const berth: Berth = request;
  const name = identityName(berth);
  const own = identity(name, { newGuid, location: "westeurope", tags: ownerTags(berth, earlier) });
  if (dice.chance(0.7)) {
    azure.identities.set(name, own);
    const ours = { ...credential("", ""), name: federatedCredentialName(berth, request.serviceAccount) };
    const subject = federatedSubject("team", request.serviceAccount);
    if (dice.chance(0.5)) {
      azure.credentials.set(name, [{ ...ours, issuer: dice.pick([issuer, "https://before.example/"]), subject }]);
    }
  }
  for (const { server: alias, database } of request.databases) {
    if (!dice.chance(0.5)) continue;
    const asked = request.databases.find((each) => each.server === alias && each.database === database)?.roles ?? [];
    const whole = world.rightsIn.get(`${alias}/${database}`) === "least" ? "mooring_reader" : "db_datareader";
    const reader = asked.includes("reader@sales") ? "mooring_reader_sales" : whole;
    const roles = dice.pick([[], [reader], [reader, "app_role"]]);
    const grants = roles.includes(reader) ? { [reader]: earlier } : {};
    const mark = printMark({ berth: berthKey(berth), operation: earlier, grants });
    const ownedSchemas = dice.chance(0.05) ? ["app"] : [];
    users.get(`${alias}/${database}`)?.set(name, { ...user(name, own), roles, ownedSchemas, mark });
  }
  furnishRoles(world, { own, description: printRoleMark(berth, earlier), newGuid });
  furnishPostgres(world, { identity: own, operation: earlier, newGuid });
  furnishCosmos(world, { own, operation: earlier, newGuid });
  if (!dice.chance(0.7)) return;
  const { labels, annotations } = ownerMetadata(berth, earlier);
  const metadata = { labels, annotations };
  const by = () => ({ uid: newGuid(), manager: "mooring" });
  place(objects, object("v1", "Namespace", { name: "team", fields: { metadata } }), by());
  if (dice.chance(0.6)) {
    place(
      objects,
      object("v1", "ConfigMap", { name: namesInside.configMap, fields: { metadata, data: { SERVER_NAME: "x" } } }),
      by(),
    );
  }
  if (request.identityMode === "workloadIdentity" && dice.chance(0.6)) {
    place(objects, object("v1", "ServiceAccount", { name: request.serviceAccount, fields: { metadata } }), by());
  }
}

/** Roles on some targets that the identity, or one before it, has already. */
function furnishRoles(
  { azure, request, targetDice: dice }: World,
  { own, description, newGuid }: { own: ManagedIdentity; description: string | undefined; newGuid: () => string },
): void {
  for (const { target, access } of request.targets ?? []) {
    const entry = namedTargets[target];
    if (!dice?.chance(0.5) || !entry) continue;
    const place = placeOf(entry);
    if (!isAzureRolePlace(place)) continue;
    const scope = scopeOf(place);
    // An earlier operation of Mooring's gave nothing but what its request asked for.
    const [role] = dice.shuffle(description ? rolesFor(place.kind, access) : everyRole(place.kind));
    const principalId = PrincipalId.parse(dice.chance(0.7) ? own.principalId : newGuid());
    if (!role) continue;
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role.id}`;
    const name = description ? assignmentName(scope, principalId, role.id) : newGuid();
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
    const made = { id, scope, roleDefinitionId, principalId, createdTime: newGuid() };
    azure.roleAssignments.set(id, { ...made, ...(description ? { description } : {}) });
  }
}

function identity(
  name: string,
  { newGuid, location, tags }: { newGuid: () => string; location: string; tags: Record<string, string> },
): ManagedIdentity {
  return { id: `/${name}`, name, location, tags, ...newPair(newGuid), tenantId: guid(0) };
}

function credential(name: string, subject: string) {
  return { name, subject, issuer, audiences: ["api://AzureADTokenExchange"] };
}

function user(name: string, { clientId }: { clientId: ClientId }): DatabaseUser {
  const sid = sidFromClientId(clientId);
  return { name, type: "E", sid, roles: [], permissions: [], ownedSchemas: [], mark: undefined };
}

function object(
  apiVersion: string,
  kind: string,
  { name, fields }: { name: string; fields: { metadata?: object; [field: string]: unknown } },
): KubernetesObject {
  const place = kind === "Namespace" ? { name } : { name, namespace: "team" };
  return { apiVersion, kind, ...fields, metadata: { ...fields.metadata, ...place } };
}
