/** A role that several targets of a server share. */
import { beforeEach, expect, it } from "vitest";
import { IdentityPair } from "../../../src/domain/naming/identityPair.ts";
import { namespaceKey, postgresRoleName } from "../../../src/domain/naming/names.ts";
import { printMark } from "../../../src/domain/naming/ownership.ts";
import { type PostgresPlace, rightsOf } from "../../../src/domain/targets/postgres.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { PostgresRoles } from "../../../src/ports/postgres.ts";
import { askToGive } from "../../../src/resources/definitions/permit.ts";
import type { Decision } from "../../../src/resources/definitions/targetFamily.ts";
import { tidy } from "../../../src/resources/definitions/tidying.ts";
import { planGrant } from "../../../src/resources/target/postgres/grant.ts";
import { planRevocation } from "../../../src/resources/target/postgres/revocation.ts";
import { noteKey } from "../../../src/resources/target/postgres/role.ts";
import {
  addRight,
  admins,
  createCalmPostgres,
  createPostgresModel,
  createServer,
  grantAll,
  type PostgresServer,
  renameRole,
} from "../../proof/support/postgres.ts";
import { catalog } from "../../support/fakeCloud.ts";

const namespaceRef = { cluster: "aks", namespace: "team" };
const name = postgresRoleName(namespaceRef);
const identity = IdentityPair.parse({ clientId: crypto.randomUUID(), principalId: crypto.randomUUID() });
const orders = place("orders");
const reports = place("reports");
const mark = printMark({
  berth: namespaceKey(namespaceRef),
  operation: "op-1",
  grants: Object.fromEntries(
    [orders, reports].flatMap((each) => rightsOf(["read"]).map((right) => [noteKey(each, right), "op-1"])),
  ),
});

const unrecorded = {
  registry: { getNamespace: async () => undefined, installation: async () => "here" },
  identities: { get: async () => identity },
} as never as Pick<Ports, "identities" | "registry">;

let server: PostgresServer;
let postgres: PostgresRoles;

beforeEach(() => {
  server = createServer({ orders: ["public"], reports: ["public"], other: ["public"] });
  const { principalId } = identity;
  server.roles.set(name, { id: "1", principalId, canLogIn: true, comment: mark, isActedFor: true });
  for (const each of [orders, reports])
    grantAll(server, each, { role: name, rights: rightsOf(["read"]), owners: [admins] });
  const settings = { isInTenant: () => true, newId: () => "2" };
  postgres = createPostgresModel(server, async (_wire, _name, effect) => effect(), settings);
});

function place(database: string): PostgresPlace {
  const resourceId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg";
  return { kind: "postgresql", resourceId, host: "pg", port: 5432, login: "mooring", database, schema: "public" };
}

const judge = async () => "ours" as const;

const asking = { ...namespaceRef, operation: "op-2", wanted: { databases: [] }, isRepair: false, isPlan: false };
const granting = {
  permit: await askToGive({ catalog, ...unrecorded }, asking),
  ...{ namespaceRef, target: "third", operation: "op-2", revokesSurplus: false, isFirst: false, judge },
  access: ["read"],
  adoptionPolicy: "Never",
  identity,
  recordedMark: async (thing: string) => (thing === `role ${name} on pg` ? mark : undefined),
} as const;

it("is Mooring's for a further target, too, after somebody wrote over its mark", async () => {
  server.roles.set(name, {
    id: "1",
    principalId: identity.principalId,
    canLogIn: true,
    comment: "mine",
    isActedFor: true,
  });

  const { action, differences, writes } = await planGrant(
    { ...unrecorded, postgres, catalog },
    place("other"),
    granting,
  );
  for (const write of writes) await write();

  expect({ action, differences }).toMatchObject({
    action: "update",
    differences: [{ field: "comment" }, { field: "read" }],
  });
  expect(JSON.parse(server.roles.get(name)?.comment ?? "")).toMatchObject({ operation: "op-1" });
});

it("is made anew, says the plan, when its identity is to be made", async () => {
  const { action, differences } = await planGrant({ ...unrecorded, postgres, catalog }, orders, {
    ...granting,
    identity: undefined,
  });

  expect(action).toBe("update");
  expect(differences[0]).toEqual({
    field: "principal ID",
    current: identity.principalId,
    desired: "the principal ID of the identity, once it exists",
  });
});

it.each([false, true])(
  "is shut, and stays, when it has something elsewhere; not while one of its targets stays: %s",
  async (keepsResource) => {
    addRight(server, { role: name, right: "USAGE", database: "other", schema: "public" });
    const recordedMark = async () => undefined;
    const left: string[] = [];
    const stays: string[] = [];
    for (const each of [orders, reports].slice(0, keepsResource ? 1 : 2)) {
      const decision = await planRevocation({ ...unrecorded, postgres, catalog }, each, {
        ...{ namespaceRef, target: each.database, keep: [], keepsResource, recordedMark, judge },
      });
      stays.push(...(decision.stays ?? []));
      left.push(...(await act(decision)));
    }

    expect(stays.join()).toContain(keepsResource ? "" : "also has something in other");
    expect(left.join()).toContain(keepsResource ? "" : "other");
    expect(server.roles.get(name)).toMatchObject({ canLogIn: keepsResource });
    const ours = [...server.rights.values()].filter(({ database }) => database !== "other");
    expect(ours.every(({ database }) => database === "reports")).toBe(true);
    expect(ours.length > 0).toBe(keepsResource);
  },
);

async function act({ conflict, writes, tidying = [] }: Decision): Promise<readonly string[]> {
  expect(conflict).toBeUndefined();
  for (const write of writes) await write();
  return await tidy(tidying);
}

it("goes with the last of its targets, although somebody gave it something where another target is", async () => {
  addRight(server, { role: name, right: "USAGE", database: "other", schema: "public" });
  const targets = { ...catalog.targets, third: { ...place("other"), access: ["read"] } };
  const looking = { ...unrecorded, postgres, catalog: { ...catalog, targets } as typeof catalog };

  for (const each of [orders, reports]) {
    const decision = await planRevocation(looking, each, {
      ...{ namespaceRef, target: each.database, keep: [], keepsResource: each === orders },
      recordedMark: async () => undefined,
      judge,
    });
    expect(await act(decision)).toEqual([]);
  }

  expect(server.roles.has(name)).toBe(false);
});

it("is found by its identity under another name, before the namespace's first verification", async () => {
  renameRole(server, name, "theirs");

  for (const each of [orders, reports]) {
    const taking = { namespaceRef, target: each.database, keep: [], keepsResource: each === orders, createdBy: "op-1" };
    const listed = { ...catalog, clusters: { aks: Object.values(catalog.clusters)[0] } } as typeof catalog;
    const decision = await planRevocation({ ...unrecorded, postgres, catalog: listed }, each, {
      ...taking,
      recordedMark: async () => undefined,
      judge,
    });
    expect(await act(decision)).toEqual([]);
  }

  expect(server.roles.has("theirs")).toBe(false);
});

it("takes the way into a database with the last of its schemas, although it was there before", async () => {
  const sales = { ...place("shop"), schema: "sales" };
  const both = [place("shop"), sales];
  server = createServer({ shop: ["public", "sales"] });
  const { principalId } = identity;
  server.roles.set(name, { id: "1", principalId, canLogIn: true, isActedFor: true });
  postgres = createCalmPostgres(server);
  const looking = { ...unrecorded, postgres, catalog };
  for (const each of both) {
    const input = { ...granting, adoptionPolicy: "IfIdentical", recordedMark: async () => undefined } as const;
    for (const write of (await planGrant(looking, each, input)).writes) await write();
  }

  for (const each of both) {
    const taking = { namespaceRef, target: each.schema, keep: [], keepsResource: each !== sales };
    await act(await planRevocation(looking, each, { ...taking, judge, recordedMark: async () => undefined }));
  }

  expect([...server.rights.values()]).toEqual([]);
  expect(server.roles.get(name)?.comment).toBeUndefined();
});

it("is named where somebody wrote over its mark before any verification, and the identity comes in by it", async () => {
  const known = server.roles.get(name);
  if (known) server.roles.set(name, { ...known, comment: "tidied up" });
  const listed = { ...catalog, clusters: { aks: Object.values(catalog.clusters)[0] } } as typeof catalog;
  const ports = { ...unrecorded, catalog: listed, postgres };
  const input = { ...granting, target: "orders", keep: [], keepsResource: false, recordedMark: async () => undefined };

  const { writes, others = [], lent = [] } = await planRevocation(ports, orders, input);

  expect(writes).toEqual([]);
  expect([...others, ...lent]).toEqual([
    `On orders the identity is also role ${name} (read), which does not have Mooring's mark.`,
  ]);
});
