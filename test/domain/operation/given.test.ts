import { expect, it } from "vitest";
import { givenAfter } from "../../../src/domain/operation/given.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const now = { since: "2026-01-03T00:00:00Z", operation: "op-3" };
const before = { since: "2026-01-02T00:00:00Z", operation: "op-2" };
const first = { since: "2026-01-01T00:00:00Z", operation: "op-1" };

function request(databases: Readonly<Record<string, readonly string[]>>): OnboardingRequest {
  return OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: Object.entries(databases).map(([database, roles]) => ({ server: "sql-dev", database, roles })),
  });
}

it("keeps the time of what a change leaves as it is, and has the change's for what it widens, narrows or adds", () => {
  const earlier = request({ kept: ["reader"], wider: ["reader"], narrower: ["reader", "executor"], gone: ["reader"] });
  const given = Object.fromEntries(["kept", "wider", "narrower", "gone"].map((name) => [`sql-dev/${name}`, first]));

  const after = givenAfter(
    request({ kept: ["reader"], wider: ["writer"], narrower: ["reader"], added: ["reader"] }),
    { request: earlier, given, onboardedTime: before.since, onboardedBy: before.operation },
    now,
  );

  expect(after).toEqual({
    "sql-dev/kept": first,
    "sql-dev/wider": now,
    "sql-dev/narrower": now,
    "sql-dev/added": now,
  });
});

it("takes the last operation for what an earlier release gave", () => {
  const same = request({ kept: ["reader"] });
  const record = { request: same, onboardedTime: before.since, onboardedBy: before.operation };

  expect(givenAfter(same, record, now)).toEqual({ "sql-dev/kept": before });
});
