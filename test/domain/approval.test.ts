import { expect, it } from "vitest";
import { needsApproval } from "../../src/domain/approval.ts";
import { ApprovalPolicy, Catalog } from "../../src/domain/catalog.ts";
import { OnboardingRequest } from "../../src/domain/request.ts";
import { catalog } from "../support/fakeCloud.ts";

const request = (roles: readonly string[], cluster = "aks-dev") =>
  OnboardingRequest.parse({
    cluster,
    namespace: "team-a",
    databases: [
      { server: "sql-dev", database: "messages", roles },
      { server: "sql-dev", database: "orders", roles: ["reader"] },
    ],
  });

it("asks for approval of db_owner and of nothing else when the catalog does not say", () => {
  const policy = { approval: ApprovalPolicy.parse({}) };

  expect(needsApproval(policy, request(["reader", "writer", "executor"]))).toEqual([]);
  expect(needsApproval(policy, request(["reader", "owner"]))).toEqual([
    "Role owner on sql-dev/messages needs approval.",
  ]);
});

it("names every reason: the cluster, the databases, the roles", () => {
  const approval = ApprovalPolicy.parse({ roles: ["writer"], databases: ["sql-dev/orders"], clusters: ["aks-new"] });

  expect(needsApproval({ approval }, request(["writer"], "aks-new"))).toEqual([
    'Cluster "aks-new" needs approval.',
    "Role writer on sql-dev/messages needs approval.",
    "Database sql-dev/orders needs approval.",
  ]);
});

it("does not load a policy about a cluster or database that the catalog does not have", () => {
  const approval = { clusters: ["aks-prd"], databases: ["sql-dev/messages", "messages"] };

  const parsed = Catalog.safeParse({ ...catalog, approval });

  expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual([
    "approval.clusters.0",
    "approval.databases.1",
  ]);
});
