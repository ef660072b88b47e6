import fc from "fast-check";
import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { decideTeam, matches, maySee, visibleTeams } from "../../../src/domain/policy/policy.ts";
import { checkSameNamespace, checkTeam } from "../../../src/domain/policy/recheckRequest.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { catalog, member, operator } from "../../support/teams.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "red-1",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const shared = { ...request, namespace: "shared-1" };

it("assigns a request to the caller's only matching team", () => {
  expect(decideTeam(catalog, member("red"), request)).toEqual({ team: "red" });
  expect(decideTeam(catalog, member("red", "blue"), request)).toEqual({ team: "red" });
});

it("lets the request name the team where several match, but only one of the caller's", () => {
  expect(decideTeam(catalog, member("red", "blue"), shared)).toMatchObject({ denial: { code: "TEAM_REQUIRED" } });
  expect(decideTeam(catalog, member("red", "blue"), { ...shared, team: "blue" })).toEqual({ team: "blue" });
  expect(decideTeam(catalog, member("red"), { ...shared, team: "blue" })).toMatchObject({
    denial: { code: "NOT_ALLOWED", message: 'You are not in a team "blue".' },
  });
});

it("answers the same for a team that does not exist and for another's", () => {
  const of = (team: string) => JSON.stringify(decideTeam(catalog, member("red"), { ...shared, team }));

  expect(of("nobody")).toBe(of("blue").replaceAll("blue", "nobody"));
});

const database = { server: "sql-dev", database: "messages", roles: ["reader" as const] };
it.each([
  ["another cluster", { cluster: "aks-new" }, "/cluster"],
  ["another namespace", { namespace: "blue-1" }, "/namespace"],
  ["a namespace that only shares a prefix", { namespace: "redder" }, "/namespace"],
  ["a database that is not the team's", { databases: [{ ...database, database: "secrets" }] }, "/databases/0/database"],
  ["a database named like a built-in", { databases: [{ ...database, database: "toString" }] }, "/databases/0/database"],
  ["a server named like a built-in", { databases: [{ ...database, server: "constructor" }] }, "/databases/0/database"],
  [
    "a role that is the catalog's but not the team's",
    { databases: [database, { ...database, database: "orders", roles: ["writer" as const] }] },
    "/databases/1/roles",
  ],
])("refuses %s and points at it", (_what, changes, pointer) => {
  const decision = decideTeam(catalog, member("red"), { ...request, ...changes });

  expect(decision).toMatchObject({ denial: { code: "NOT_ALLOWED", errors: [{ pointer }] } });
});

it("refuses a caller without a team, and one without the role", () => {
  expect(decideTeam(catalog, member(), request)).toMatchObject({ denial: { code: "NOT_ALLOWED" } });
  expect(decideTeam(catalog, { ...member("red"), roles: ["Onboarding.Approve"] }, request)).toMatchObject({
    denial: { code: "FORBIDDEN" },
  });
  expect(decideTeam(catalog, member("gone"), request)).toMatchObject({ denial: { code: "NOT_ALLOWED" } });
});

it("lets an operator ask for no team, or for any team that the request fits", () => {
  expect(decideTeam(catalog, operator, request)).toEqual({ team: undefined });
  expect(decideTeam(catalog, operator, { ...request, team: "red" })).toEqual({ team: "red" });
  expect(decideTeam(catalog, operator, { ...request, team: "blue" })).toMatchObject({
    denial: { code: "NOT_ALLOWED" },
  });
  expect(decideTeam(catalog, operator, { ...request, team: "gone" })).toMatchObject({
    denial: { code: "INVALID_REQUEST", errors: [{ pointer: "/team" }] },
  });
});

it("tells a request that lacks its profile what is wrong with its ends, and one that may not have its cluster nothing more", () => {
  const limited = Catalog.parse({
    ...catalog,
    profiles: { standard: { quota: { pods: 20 } } },
    teams: { ...catalog.teams, red: { ...catalog.teams["red"], profiles: ["standard"], maxExpiry: "P30D" } },
  });
  const refused = (asked: OnboardingRequest) => decideTeam(limited, member("red"), asked, Date.now());

  expect(refused(request)).toMatchObject({
    denial: {
      code: "NOT_ALLOWED",
      errors: [
        { pointer: "/namespaceProfile" },
        { pointer: "/expiresAt", detail: 'must end within P30D, which is the longest for team "red"' },
      ],
    },
  });
  expect(refused({ ...request, cluster: "aks-new" })).toMatchObject({
    denial: { errors: [{ pointer: "/cluster" }, { pointer: "/namespaceProfile" }] },
  });
});

it("limits a team to its profiles, and a request of such a team has to name one", () => {
  const limited = Catalog.parse({
    ...catalog,
    profiles: { standard: { quota: { pods: 20 } }, large: { quota: { pods: 200 } } },
    teams: { ...catalog.teams, red: { ...catalog.teams["red"], profiles: ["standard"] } },
  });
  const decide = (changes: object) => decideTeam(limited, member("red"), { ...request, ...changes });

  expect(decide({ namespaceProfile: "standard" })).toEqual({ team: "red" });
  for (const changes of [{ namespaceProfile: "large" }, {}]) {
    expect(decide(changes)).toMatchObject({
      denial: {
        code: "NOT_ALLOWED",
        errors: [{ pointer: "/namespaceProfile", detail: expect.stringContaining("standard") }],
      },
    });
  }
  expect(decideTeam(limited, operator, request)).toEqual({ team: undefined });
});

it("shows a caller what its teams have, and an operator everything", () => {
  expect(maySee(member("red"), { team: "red" })).toBe(true);
  expect(maySee(member("red"), { team: "blue" })).toBe(false);
  expect(maySee(member("red"), {})).toBe(false);
  expect(maySee(member(), {})).toBe(false);
  expect(maySee(operator, {})).toBe(true);
  expect([visibleTeams(member("red")), visibleTeams(member()), visibleTeams(operator)]).toEqual([
    ["red"],
    [],
    undefined,
  ]);
});

it("matches a pattern like the equivalent regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "-", "*"), maxLength: 8 });

  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      expect(matches(glob, name)).toBe(new RegExp(`^${glob.replaceAll("*", ".*")}$`).test(name));
    }),
    { numRuns: 5_000 },
  );
});

it("checks the team again when the operation runs", () => {
  expect(() => checkTeam(catalog, { team: "red" }, request)).not.toThrow();
  expect(() => checkTeam(catalog, {}, request)).not.toThrow();
  expect(() => checkTeam(catalog, { team: "blue" }, request)).toThrow(/may not ask for this/);
  expect(() => checkTeam(catalog, { team: "gone" }, request)).toThrow(/no longer has a team "gone"/);
});

it("distinguishes a recreated namespace from the one that was onboarded", () => {
  expect(() => checkSameNamespace(request, { onboarded: "1", current: "1" })).not.toThrow();
  expect(() => checkSameNamespace(request, { onboarded: "1", current: undefined })).not.toThrow();
  expect(() => checkSameNamespace(request, { onboarded: undefined, current: "1" })).not.toThrow();
  expect(() => checkSameNamespace(request, { onboarded: "1", current: "2" })).toThrow(/UID 2/);
});
