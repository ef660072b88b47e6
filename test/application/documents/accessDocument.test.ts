/** Who reaches what: what others gave there is shown as theirs, and nothing else is. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { accessOf } from "../../../src/application/documents/accessDocument.ts";
import { type FindingCode, finding } from "../../../src/domain/finding.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { repair, send } from "../../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const request = OnboardingRequest.parse({
  ...namespaceRef,
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  targets: [{ target: "uploads", access: ["read"] }],
});

let cloud: FakeCloud;
beforeEach(async () => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  expect(await send(cloud.ports, request)).toMatchObject({ status: "Succeeded" });
});

async function othersOf(found: readonly (readonly [FindingCode, target: string])[]) {
  const record = await cloud.ports.registry.getNamespace(namespaceRef);
  if (!record) throw new Error("it is not onboarded");
  const findings = found.map(([code, target]) => finding(code, target, { field: "it", expected: null, found: code }));
  const rows = await accessOf(cloud.ports, [{ ...record, findings }]);
  return rows.flatMap(({ target, others }) => others.map(({ code }) => `${target} ${code}`));
}

it("shows with each target what somebody else gave there", async () => {
  const given = [
    ["GRANT_ADDED", "sql-dev/messages"],
    ["USER_ADDED", "sql-dev/messages"],
    ["SCHEMA_OWNED", "sql-dev/messages"],
    ["GRANT_ADDED", "uploads"],
    ["GRANT_LIMITED_BY_OTHERS", "uploads"],
    ["TARGET_REACHED", "uploads"],
  ] as const;

  expect(await othersOf(given)).toEqual(given.map(([code, target]) => `${target} ${code}`));
});

it("takes for theirs neither what Mooring gave, nor what takes access away, nor what could not be read", async () => {
  const codes = ["GRANT_SURPLUS", "GRANT_STALE", "GRANT_LIMITED", "GRANT_DENIED", "DENY_ADDED", "UNREADABLE"] as const;

  expect(
    await othersOf(codes.flatMap((code) => ["sql-dev/messages", "uploads"].map((at) => [code, at] as const))),
  ).toEqual([]);
});

const account = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/data";
const container = (name: string) => `${account}/blobServices/default/containers/${name}`;
const identity = "mooring-team-a";

/** Where a role in Azure, or a finding on a target, shows: each row with its access. */
async function shownBy(code: FindingCode, target: string, found: string) {
  const record = await cloud.ports.registry.getNamespace(namespaceRef);
  if (!record) throw new Error("it is not onboarded");
  const findings = [finding(code, target, { field: "it", expected: null, found })];
  const rows = await accessOf(cloud.ports, [{ ...record, findings }]);
  return rows.flatMap(({ target: at, access, others }) =>
    others.length > 0 ? [`${at} ${access.join() || "nothing"}`] : [],
  );
}

it("shows a role in Azure with each target that it covers or that is around it", async () => {
  expect(await shownBy("ROLE_ON_TARGET", identity, `writer at ${container("uploads")}/more`)).toEqual(["uploads read"]);
  expect(await shownBy("ROLE_ON_TARGET", identity, `writer at ${account.toUpperCase()}`)).toEqual([
    "uploads read",
    "jobs nothing",
  ]);
  expect(await shownBy("ROLE_ADDED", identity, "Reader at /subscriptions/s")).toEqual([
    "sql-dev/messages reader",
    "uploads read",
  ]);
  expect(await shownBy("ROLE_ON_TARGET", identity, `writer at ${container("reports")}`)).toEqual([]);
  expect(await shownBy("ROLE_ADDED", identity, "Reader at /subscriptions/other")).toEqual([]);
});

it("shows what others opened to it beyond its request, as asked for by nobody", async () => {
  expect(await shownBy("TARGET_REACHED", "jobs", "role theirs")).toEqual(["jobs nothing"]);
  expect(await shownBy("USER_ADDED", "sql-dev/orders", "theirs")).toEqual(["sql-dev/orders nothing"]);
});

describe("if the catalog drops", () => {
  async function codesFor(named: object) {
    const record = await cloud.ports.registry.getNamespace(namespaceRef);
    if (!record) throw new Error("it is not onboarded");
    const rows = await accessOf(cloud.ports, [record], named);
    return rows.map(({ target, ifRemoved }) => [target, ifRemoved?.flatMap(({ code = [] }) => code)]);
  }

  it.each([
    ["a database", { target: "sql-dev/messages" }, [["sql-dev/messages", "UNKNOWN_DATABASE"]]],
    ["a server", { target: "sql-dev" }, [["sql-dev/messages", "UNKNOWN_SQL_SERVER"]]],
    ["another target", { target: "uploads" }, [["uploads", "UNKNOWN_TARGET"]]],
  ] as const)("%s, the access stays and a change that names it is refused", async (_what, named, rows) => {
    expect(await codesFor(named)).toEqual(
      rows.map(([target, code]) => [target, [code, "LEFT_IN_PLACE", "NOT_IN_CATALOG"]]),
    );
  });

  it.each([
    ["a cluster", { cluster: "aks-dev" }, ["UNKNOWN_CLUSTER", "LEFT_IN_PLACE"]],
    ["a team", { team: "blue" }, ["NOT_ALLOWED"]],
  ] as const)("%s, every access of it stays", async (_what, named, codes) => {
    expect(await codesFor(named)).toEqual(["sql-dev/messages", "uploads"].map((target) => [target, codes]));
  });

  it.each([{}, { target: "uploads", team: "blue" }])(
    "nothing, or more than one name, says nothing: %j",
    async (named) => {
      for (const [, codes] of await codesFor(named)) expect(codes).toBeUndefined();
    },
  );

  it("does what it says", async () => {
    const { uploads: _dropped, ...targets } = cloud.ports.catalog.targets;
    const ports = { ...cloud.ports, catalog: { ...cloud.ports.catalog, targets } };
    providePorts(ports);

    expect(await send(ports, { ...request, databases: [] })).toMatchObject({
      ...{ status: "Failed", error: { code: "UNKNOWN_TARGET" } },
    });
    const repaired = await repair(ports, namespaceRef);
    expect(repaired).toMatchObject({ status: "Succeeded" });
    expect(repaired.leftInPlace?.join()).toContain("grant target access uploads");
    const { findings = [] } = (await ports.registry.getNamespace(namespaceRef)) ?? {};
    expect(findings.map(({ code }) => code)).toContain("NOT_IN_CATALOG");
    expect(cloud.roleAssignments.size).toBe(1);
    const { targets: _left, ...rest } = request;
    expect(await send(ports, rest)).toMatchObject({ status: "Succeeded" });
    expect(cloud.roleAssignments.size).toBe(0);
  });
});
