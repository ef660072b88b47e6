import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { Auth } from "../../../src/domain/access/access.ts";
import { callerOfKey } from "../../../src/domain/access/localKeys.ts";
import { createRateLimiter } from "../../../src/domain/access/tokenBucket.ts";
import { Claims, callerOf } from "../../../src/domain/policy/claims.ts";
import { catalog, groups, redWorkload } from "../../support/teams.ts";

const oid = "BBBBBBBB-0000-4000-8000-000000000001";
const claims = (changes: object) => Claims.parse({ oid, tid: catalog.tenantId, azp: redWorkload, ...changes });

it("finds teams by groups, and roles among Mooring's own", () => {
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

it("puts a workload into the team of its application, but nobody who merely signs in through it", () => {
  expect(callerOf(catalog, claims({})).teams).toEqual(["red"]);
  expect(callerOf(catalog, claims({ azp: undefined, appid: redWorkload.toUpperCase() })).teams).toEqual(["red"]);
  expect(callerOf(catalog, claims({ scp: "access" })).teams).toEqual([]);
});

it("knows a key by its digest, whatever stands beside it", () => {
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

it("lets a burst pass, then one request each interval, and says how long to wait", () => {
  let now = 0;
  const limiter = createRateLimiter({ requestsPerSecond: 0.5, burst: 2 }, { now: () => now });

  expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([undefined, undefined, 2]);
  expect(limiter.take("b")).toBeUndefined();
  now = 1_000;
  expect(limiter.take("a")).toBe(1);
  now = 2_000;
  expect([limiter.take("a"), limiter.take("a")]).toEqual([undefined, 2]);
  now = 1_000_000;
  expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([undefined, undefined, 2]);
});

it("takes several tokens for what costs more, and never more than a full bucket", () => {
  const limiter = createRateLimiter({ requestsPerSecond: 2, burst: 10 }, { now: () => 0 });

  expect(limiter.take("a", 8)).toBeUndefined();
  expect(limiter.take("a", 4)).toBe(1);
  expect(limiter.take("a", 2)).toBeUndefined();
  expect(limiter.take("b", 1_000)).toBeUndefined();
  expect(limiter.take("b", 1_000)).toBe(5);
});

it("forgets callers that have been quiet, and none that is being held back", () => {
  let now = 0;
  const limiter = createRateLimiter({ requestsPerSecond: 1, burst: 1 }, { now: () => now });
  for (let index = 0; index < 10_000; index += 1) limiter.take(`quiet-${index}`);
  now = 900;
  limiter.take("greedy");

  expect(limiter.take("greedy")).toBe(1);
  now = 1_000;
  limiter.take("one more");
  expect(limiter.take("greedy")).toBe(1);
});
