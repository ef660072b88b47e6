import { describe, expect, it } from "vitest";
import { ApprovalPolicy, Catalog } from "../../../src/domain/catalog/catalog.ts";
import { mayDecide, needsApproval } from "../../../src/domain/policy/approval.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { catalog } from "../../support/fakeCloud.ts";
import { member, operator, catalog as withTeams } from "../../support/teams.ts";

const request = (roles: readonly string[], cluster = "aks-dev") =>
  OnboardingRequest.parse({
    cluster,
    namespace: "team-a",
    databases: [
      { server: "sql-dev", database: "messages", roles },
      { server: "sql-dev", database: "orders", roles: ["reader"] },
    ],
  });

const said = (...asked: Parameters<typeof needsApproval>) => needsApproval(...asked).map(({ what }) => what);

it("requires approval only for db_owner when the catalog does not say otherwise", () => {
  const policy = { approval: ApprovalPolicy.parse({}), teams: {} };

  expect(needsApproval(policy, request(["reader", "writer", "executor"]))).toEqual([]);
  expect(said(policy, request(["reader", "owner"]))).toEqual(["Role owner on sql-dev/messages needs approval."]);
});

it("names every reason: the cluster, the databases, the roles", () => {
  const approval = ApprovalPolicy.parse({ roles: ["writer"], databases: ["sql-dev/orders"], clusters: ["aks-new"] });

  expect(said({ approval, teams: {} }, request(["writer"], "aks-new"))).toEqual([
    'Cluster "aks-new" needs approval.',
    "Database sql-dev/orders needs approval.",
    "Role writer on sql-dev/messages needs approval.",
  ]);
});

it("adds the team's rules, and says who decides", () => {
  expect(needsApproval(withTeams, request(["writer"]), "red")).toEqual([
    {
      what: 'Role writer on sql-dev/messages needs approval by team "blue".',
      by: { role: "Onboarding.Approve", team: "blue" },
    },
    { what: "Database sql-dev/orders needs approval.", by: { role: "Onboarding.Approve" } },
  ]);
  for (const team of ["blue", undefined, "constructor"]) {
    expect(needsApproval(withTeams, request(["writer"]), team)).toEqual([]);
  }
});

it("applies a rule of a team only where everything that it names matches", () => {
  const rules = [
    { clusters: ["aks-dev"] },
    { clusters: ["aks-new"] },
    { clusters: ["aks-dev"], roles: ["writer"] },
    { databases: ["sql-dev/orders"], roles: ["writer"] },
  ];
  const team = { ...withTeams.teams["blue"], approval: rules };
  const changed = Catalog.parse({ ...withTeams, teams: { ...withTeams.teams, blue: team } });

  expect(said(changed, request(["writer"]), "blue")).toEqual([
    'Cluster "aks-dev" needs approval.',
    'Role writer on sql-dev/messages in cluster "aks-dev" needs approval.',
  ]);
});

describe("of targets besides databases", () => {
  const wanted = (...words: readonly string[]) =>
    OnboardingRequest.parse({
      ...{ cluster: "aks-dev", namespace: "team-a" },
      targets: [
        { target: "uploads", access: words },
        { target: "jobs", access: ["send"] },
      ],
    });
  const by = (policy: object, asked: OnboardingRequest) =>
    said({ approval: ApprovalPolicy.parse(policy), teams: {} }, asked);

  it("names the target, or the access on it", () => {
    expect(by({}, wanted("read", "write"))).toEqual([]);
    expect(by({ targets: ["uploads"] }, wanted("read"))).toEqual(["Target uploads needs approval."]);
    expect(by({ access: ["write"] }, wanted("read", "write"))).toEqual(["Access write on uploads needs approval."]);
  });

  it("asks for approval of ownership when the catalog does not say otherwise", () => {
    expect(by({}, wanted("write"))).toEqual([]);
    expect(by({}, wanted("own"))).toEqual(["Access own on uploads needs approval."]);
    expect(by({ access: [] }, wanted("own"))).toEqual([]);
  });

  it("takes a larger word for what it includes", () => {
    expect(by({ access: ["send"] }, wanted("write"))).toEqual([
      "Access write on uploads needs approval.",
      "Access send on jobs needs approval.",
    ]);
    expect(by({ access: ["write"] }, wanted("read"))).toEqual([]);
  });

  it("applies a rule of a team to that access on those targets alone", () => {
    const rules = [{ targets: ["uploads"], access: ["write"] }];
    const team = { ...withTeams.teams["blue"], approval: rules };
    const changed = Catalog.parse({ ...withTeams, teams: { ...withTeams.teams, blue: team } });

    expect(said(changed, wanted("read"), "blue")).toEqual([]);
    expect(said(changed, wanted("read", "write"), "blue")).toEqual(["Access write on uploads needs approval."]);
  });
});

it("lets only callers decide who satisfy every reason", () => {
  const approvers = [{ role: "Onboarding.Approve" as const }, { role: "Onboarding.Approve" as const, team: "blue" }];
  const roles = ["Onboarding.Approve" as const];

  expect(mayDecide({ ...member("blue"), roles }, { approvers })).toBe(true);
  expect(mayDecide({ ...member("red"), roles }, { approvers })).toBe(false);
  expect(mayDecide(member("blue"), { approvers })).toBe(false);
  expect(mayDecide({ ...member(), roles }, { approvers: [] })).toBe(true);
  expect(mayDecide(operator, { approvers: [] })).toBe(false);
});

it("rejects a policy about a cluster or database that the catalog does not have", () => {
  const approval = { clusters: ["aks-prd"], databases: ["sql-dev/messages", "messages"] };

  const parsed = Catalog.safeParse({ ...catalog, approval });

  expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual([
    "approval.clusters.0",
    "approval.databases.1",
  ]);
});
