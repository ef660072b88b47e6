/** The drift timer names members of Mooring's database roles that no record knows, Mooring itself included. */

import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { watchUnrecorded } from "../../../src/application/inspection/watchUnrecorded.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { beginRepair, isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { newPair } from "../../support/ids.ts";
import { operate } from "../../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);
const place = "sql-dev/messages";
const request = OnboardingRequest.parse({
  ...namespaceRef,
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

let cloud: FakeCloud;
let warned: string[];
beforeEach(async () => {
  cloud = createFakeCloud();
  cloud.roles.push("mooring_reader", "mooring_writer", "mooring_executor");
  providePorts(cloud.ports);
  await operate(cloud, "onboard", request);
  cloud.events.length = 0;
  warned = [];
});

const context = { warn: (line: unknown) => void warned.push(String(line)) };

async function look(ports = cloud.ports) {
  const watch = watchUnrecorded(ports);
  await watch.look(context);
  return watch.unrecorded().flatMap(({ finding }) => (finding.code === "ROLE_MEMBER_UNRECORDED" ? [finding] : []));
}

function users() {
  const found = cloud.users.get(place);
  if (!found) throw new Error(`no ${place}`);
  return found;
}

function own(): DatabaseUser {
  const user = users().get(name);
  if (!user) throw new Error(`no ${name}`);
  return user;
}

const found = (field: string, member: string) => ({
  ...{ code: "ROLE_MEMBER_UNRECORDED", target: place, field, expected: null, found: member },
});

function add(member: string, roles: readonly string[]): void {
  const made = { name: member, type: "E", sid: "0xAB", roles, permissions: [], ownedSchemas: [], mark: undefined };
  users().set(member, made);
}

it("says nothing of the users of namespaces", async () => {
  expect(await look()).toEqual([]);
  expect(own().roles).toEqual(["mooring_reader"]);
  expect({ warned, events: cloud.events }).toEqual({ warned: [], events: [] });
});

it("names a stranger in each role, as an error of drift with the database as its subject, and publishes it once", async () => {
  add("thief", ["db_datareader", "mooring_reader", "mooring_writer"]);
  const watch = watchUnrecorded(cloud.ports);
  await watch.look(context);
  await watch.look(context);

  expect(watch.unrecorded().map(({ finding }) => finding)).toEqual([
    found("mooring_reader", "thief"),
    found("mooring_writer", "thief"),
  ]);
  expect(warned[0]).toContain(`In ${place} thief, which no record knows, is in Mooring's role mooring_reader.`);
  expect(warned[0]).toContain("`ALTER ROLE [mooring_reader] DROP MEMBER [thief]`");
  expect(cloud.events.map(({ subject }) => subject)).toEqual([place, place]);
  expect(cloud.events[0]).toMatchObject({ data: { severity: "Error", findings: [{ repairable: false }] } });
});

it("names Mooring's own user", async () => {
  const { databases } = cloud.ports;
  const self = { role: "mooring_writer", member: "id-mooring", sid: "0xCD", mark: undefined, isSelf: true };
  const ownRoleMembers: typeof databases.ownRoleMembers = async ({ database }) =>
    database === "messages" ? [self] : [];

  expect(await look({ ...cloud.ports, databases: { ...databases, ownRoleMembers } })).toEqual([
    found("mooring_writer", "id-mooring"),
  ]);
  expect(warned[0]).toContain(`In ${place} Mooring's own user id-mooring is in Mooring's role mooring_writer.`);
});

it("names the user of a namespace whose row was lost, by the namespace of its mark", async () => {
  cloud.namespaces.clear();

  expect(await look()).toEqual([found("mooring_reader", name)]);
  expect(cloud.events.map(({ subject }) => subject)).toContain("aks-dev/team-a");
});

it("names one in a database that its namespace does not have", async () => {
  cloud.users.get("sql-dev/orders")?.set(name, own());

  expect((await look()).map(({ target }) => target)).toEqual(["sql-dev/orders"]);
});

it.each([
  ["somebody renamed the user", () => rename()],
  ["an operation holds the namespace", () => hold()],
])("leaves one alone where %s", async (_what, change) => {
  change();

  expect(await look()).toEqual([]);
});

function rename(): void {
  const user = own();
  users().delete(name);
  users().set("renamed", { ...user, name: "renamed" });
}

/** Its record has another client ID by now, which the operation has to sort out. */
function hold(): void {
  const record = cloud.namespaces.get("aks-dev/team-a");
  if (!record || !isOnboarded(record)) throw new Error("it is not onboarded");
  const beginning = {
    ...{ operation: "another", requestedBy: "somebody", acceptedTime: "2026-11-29T00:00:00Z" },
    ...{ traceparent: record.traceparent ?? "", batch: undefined },
  };
  const { etag } = record;
  const held = beginRepair({ ...record, clientId: newPair().clientId, things: [] }, beginning, {});
  cloud.namespaces.set("aks-dev/team-a", { ...held, etag });
}

it("leaves one alone whose row cannot be read", async () => {
  const { registry } = cloud.ports;
  const listNamespaces: typeof registry.listNamespaces = async () => ({
    value: [],
    unreadable: ["MooringNamespaces aks-dev/team-a"],
  });

  expect(await look({ ...cloud.ports, registry: { ...registry, listNamespaces } })).toEqual([]);
});

it("leaves one alone that goes while it looks", async () => {
  add("leaving", ["mooring_reader"]);
  const { databases } = cloud.ports;
  let asked = 0;
  const ownRoleMembers: typeof databases.ownRoleMembers = async (target) => {
    const members = await databases.ownRoleMembers(target);
    asked += 1;
    if (target.database === "messages") users().delete("leaving");
    return members;
  };

  expect(await look({ ...cloud.ports, databases: { ...databases, ownRoleMembers } })).toEqual([]);
  expect(asked).toBe(3);
});

it("goes on with the others where a database refuses", async () => {
  add("thief", ["mooring_reader"]);
  const { databases } = cloud.ports;
  const ownRoleMembers: typeof databases.ownRoleMembers = async (target) => {
    if (target.database === "orders") throw new PermanentError("SQL_FIREWALL", "not from here");
    return await databases.ownRoleMembers(target);
  };

  expect(await look({ ...cloud.ports, databases: { ...databases, ownRoleMembers } })).toEqual([
    found("mooring_reader", "thief"),
  ]);
  expect(warned.join()).toContain("members of roles not looked at");
  expect(warned.join()).toContain("sql-dev/orders (SQL_FIREWALL)");
});
