import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { Auth } from "../../../src/domain/access/access.ts";
import { callerOfKey } from "../../../src/domain/access/localKeys.ts";
import { Claims, callerOf } from "../../../src/domain/policy/claims.ts";
import { catalog, groups, redWorkload } from "../../support/teams.ts";

const oid = "BBBBBBBB-0000-4000-8000-000000000001";
const claims = (changes: object) => Claims.parse({ oid, tid: catalog.tenantId, azp: redWorkload, ...changes });

it("finds teams by groups, and Mooring's own roles among all roles", () => {
  const caller = callerOf(
    catalog,
    claims({
      scp: "access",
      groups: [groups.blue.toUpperCase(), "other"],
      roles: ["Onboarding.Request", "Admin"],
      preferred_username: "ann@example.com",
    }),
  );

  expect(caller).toEqual({
    id: oid.toLowerCase(),
    name: "ann@example.com",
    teams: ["blue"],
    roles: ["Onboarding.Request"],
  });
});

it("puts a workload into the team of its application, but not a person who merely signs in through it", () => {
  expect(callerOf(catalog, claims({})).teams).toEqual(["red"]);
  expect(callerOf(catalog, claims({ azp: undefined, appid: redWorkload.toUpperCase() })).teams).toEqual(["red"]);
  expect(callerOf(catalog, claims({ scp: "access" })).teams).toEqual([]);
});

it.each([
  ["names a source of groups", { _claim_names: { groups: "src1" } }],
  ["only says that there are groups", { hasgroups: true }],
])("refuses a token that %s instead of groups, since its teams are unknown", (_what, changes) => {
  const overage = claims({ scp: "access", roles: ["Onboarding.Request", "Onboarding.Approve"], ...changes });

  expect(() => callerOf(catalog, overage)).toThrow(expect.objectContaining({ code: "GROUPS_OVERAGE" }));
  // When no team uses groups, none is missing.
  const withoutGroups = Object.fromEntries(
    Object.entries(catalog.teams).map(([name, team]) => [name, { ...team, groups: [] }]),
  );
  expect(callerOf({ teams: withoutGroups }, overage)).toMatchObject({ teams: [] });
  expect(callerOf(catalog, { ...overage, roles: ["Onboarding.Operate"] })).toMatchObject({ teams: [] });
});

it("does not need groups elsewhere when the token has them, or when only another claim is elsewhere", () => {
  expect(callerOf(catalog, claims({ groups: [groups.red], hasgroups: true })).teams).toEqual(["red"]);
  expect(callerOf(catalog, claims({ _claim_names: { extn: "src1" } })).teams).toEqual(["red"]);
});

it("recognizes a key by its digest, in either case, among several", () => {
  const digest = (key: string) => createHash("sha256").update(key).digest("hex");
  const auth = Auth.parse({
    keys: {
      one: { sha256: digest("first"), roles: ["Onboarding.Operate"] },
      two: { sha256: digest("second").toUpperCase(), roles: ["Onboarding.Request"], teams: ["red"] },
    },
  });

  expect(callerOfKey(auth, "first")).toMatchObject({ id: "key:one", roles: ["Onboarding.Operate"], teams: [] });
  expect(callerOfKey(auth, "second")).toMatchObject({ id: "key:two", teams: ["red"] });
  for (const wrong of ["", "First", digest("first"), "first "]) expect(callerOfKey(auth, wrong)).toBeUndefined();
});
