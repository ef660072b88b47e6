/** One world made from a seed: a request, what already exists and who owns it, and how things will go wrong. */

import { createDice, type Dice } from "test-support/random";
import type { Caller } from "../../../src/domain/access/caller.ts";
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createSerial } from "../../../src/domain/serial.ts";
import type { AuditEntry } from "../../../src/domain/watching/audit.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { idleQueue } from "../../support/fakeCloud.ts";
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
import { clusterKey, createKubernetes, type Objects } from "../../support/models/kubernetes.ts";
import { createManagedModel } from "../../support/models/managedNamespaces.ts";
import { createTables, type Rows } from "../../support/models/tables.ts";
import { blue, operator } from "./callers.ts";
import { cosmosTargets } from "./cosmosWorld.ts";
import { createEngineFaults, type EngineFaults } from "./engine.ts";
import { type Call, createFaults, createLateness, type FaultPlan, type Faults } from "./faults.ts";
import { furnish } from "./furnish.ts";
import { createHolds, type Holds } from "./holds.ts";
import { furnishManaged, inManagedWeather } from "./managedWorld.ts";
import { withNetworks } from "./networkWorld.ts";
import { watchOwners } from "./owners.ts";
import { createPostgresModel, type PostgresServer } from "./postgres.ts";
import { createPostgresServer, postgresTargets } from "./postgresWorld.ts";
import { type RightsIn, rightsOf } from "./rights.ts";
import { drawRoleTargets } from "./roleTargets.ts";
import { createTrail, entriesOf, type TrailRows } from "./trail.ts";
import { createVisitors, type Visitors, withVisitors } from "./visitors.ts";
import { createWeather, inBindingWeather, inNetworkWeather, withPostgresWeather } from "./weather.ts";
import {
  catalogs,
  databases,
  guid,
  installation,
  issuer,
  landingMs,
  managing,
  outsideAzure,
  platform,
  profiles,
  withAdmin,
  withBindings,
  withNamedTargets,
} from "./worldCatalog.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

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
  /** Those on which Azure gives roles. */
  readonly roleTargets: Catalog["targets"];
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
  /** What happens in it again and again, whatever the dice say; a test's own wish. */
  readonly deed?: string;
  readonly newGuid: () => string;
  /** The audit trail's rows, in worlds where it is a chain. */
  readonly trail: TrailRows;
  auditEntries(): readonly AuditEntry[];
  /** Whether the chain of the audit trail is intact. */
  verifyAudit(): Promise<boolean>;
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
  const place = "installation\ninstallation";
  rows.set(
    "MooringOperations",
    new Map([[place, { partition: "installation", etag: "0", record: { id: installation } }]]),
  );
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
  const roleTargets = targetDice ? drawRoleTargets(createDice(seed ^ 0x70e5)) : {};
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
    ...roleTargets,
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
  const dices = { targetDice, roleTargets, postgresDice, cosmosDice, rolesDice, profileDice, networkDice, binds };
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
      roleTargets,
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
