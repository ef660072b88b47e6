import { expect, it } from "vitest";
import { needsApproval } from "../../src/domain/approval.ts";
import { Catalog } from "../../src/domain/catalog.ts";
import { OnboardingRequest } from "../../src/domain/request.ts";
import { catalog } from "../support/teams.ts";

const request = (...databases: [database: string, ...roles: string[]][]) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "red-1",
    databases: databases.map(([database, ...roles]) => ({ server: "sql-dev", database, roles })),
  });

it("lets pass what no rule names", () => {
  expect(needsApproval(catalog, "red", request(["messages", "reader"]))).toEqual([]);
  expect(needsApproval(catalog, "blue", request(["orders", "writer"]))).toEqual([]);
  expect(needsApproval(catalog, undefined, request(["orders", "writer"]))).toEqual([]);
  expect(needsApproval(catalog, "constructor", request(["orders", "writer"]))).toEqual([]);
});

it("says what needs approval and by whom", () => {
  expect(needsApproval(catalog, "red", request(["messages", "reader", "writer"], ["orders", "reader"]))).toEqual([
    { what: "writer on sql-dev/messages", by: { role: "Onboarding.Approve", team: "blue" } },
    { what: "sql-dev/orders", by: { role: "Onboarding.Approve" } },
  ]);
});

it("takes a role and a database of one rule together", () => {
  const reasons = needsApproval(catalog, "red", request(["messages", "reader"], ["orders", "writer"]));

  expect(reasons.map(({ what }) => what)).toEqual(["sql-dev/orders"]);
});

it("knows rules for a cluster, alone and with roles", () => {
  const team = {
    ...catalog.teams["blue"],
    approval: [{ clusters: ["aks-dev"] }, { clusters: ["aks-new"] }, { clusters: ["aks-dev"], roles: ["writer"] }],
  };
  const changed = Catalog.parse({ ...catalog, teams: { ...catalog.teams, blue: team } });

  expect(needsApproval(changed, "blue", request(["messages", "writer"])).map(({ what }) => what)).toEqual([
    "cluster aks-dev",
    "writer on sql-dev/messages in aks-dev",
  ]);
});
