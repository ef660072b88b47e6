import { expect, it } from "vitest";
import { createRefusalTrail } from "../../../src/application/watching/refusalTrail.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";
import { member, operator } from "../../support/teams.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const hourMs = 3_600_000;

function open() {
  const cloud = createFakeCloud();
  const clock = { now: 10 * hourMs };
  const trail = createRefusalTrail(cloud.ports, { now: () => clock.now });
  const refuse = (
    changes: { code?: "NOT_ALLOWED" | "QUOTA_EXCEEDED"; namespace?: string; by?: typeof operator } = {},
  ) => {
    const { code = "NOT_ALLOWED", namespace = "red-a", by = member("red") } = changes;
    const about = { cluster: "aks-dev", namespace };
    const error = new Refusal(code, "Team red may not ask for this.", { about });
    return trail.append(error, { by, what: "createOnboarding", traceparent });
  };
  return { cloud, clock, trail, refuse };
}

it("records who was refused what, why, and with which trace", async () => {
  const { cloud, refuse } = open();

  await refuse();

  expect(cloud.audit).toMatchObject([
    {
      kind: "decision",
      who: "of-red",
      team: "red",
      what: "createOnboarding",
      target: "aks-dev/red-a",
      action: "refused",
      outcome: "Refused",
      code: "NOT_ALLOWED",
      reason: "Team red may not ask for this.",
      traceId: "0af7651916cd43dd8448eb211c80319c",
    },
  ]);
});

it("records the same refusal once an hour, whichever process meets it", async () => {
  const { cloud, clock, refuse } = open();
  const other = createRefusalTrail(cloud.ports, { now: () => clock.now });
  for (let n = 0; n < 20; n += 1) await refuse();
  const about = { cluster: "aks-dev", namespace: "red-a" };
  const same = new Refusal("NOT_ALLOWED", "Team red may not ask for this.", { about });
  await other.append(same, { by: member("red"), what: "createOnboarding", traceparent });
  expect(cloud.audit).toHaveLength(1);

  await refuse({ code: "QUOTA_EXCEEDED" });
  await refuse({ by: operator });
  expect(cloud.audit).toHaveLength(3);

  clock.now += hourMs;
  await refuse();
  expect(cloud.audit).toHaveLength(4);
});

it("lets no caller fill the table with different refusals, and notes that there were more", async () => {
  const { cloud, clock, refuse } = open();

  for (let n = 0; n < 500; n += 1) await refuse({ namespace: `red-${n}` });

  expect(cloud.audit).toHaveLength(51);
  expect(cloud.audit.at(-1)).toMatchObject({ reason: expect.stringContaining("More than 50") });
  await refuse({ by: operator });
  expect(cloud.audit).toHaveLength(52);
  clock.now += hourMs;
  await refuse({ namespace: "red-1" });
  expect(cloud.audit).toHaveLength(53);
});

it("records nothing that is not a policy decision", async () => {
  const { cloud, trail } = open();
  const by = member("red");
  const errors = [
    new Refusal("INVALID_REQUEST", "/namespace: must be a name"),
    new Refusal("MALFORMED_JSON", "The body is not JSON."),
    new Refusal("UNAUTHENTICATED", "The request carries no proof."),
    new Refusal("RATE_LIMITED", "You ask too often."),
    new Refusal("NOT_FOUND", "There is no operation."),
    new Refusal("OPERATION_IN_PROGRESS", "Another one runs."),
    new Error("broken"),
  ];

  for (const error of errors) await trail.append(error, { by, what: "createOnboarding", traceparent });

  expect(cloud.audit).toEqual([]);
});

it("leaves the team out for a caller of several teams, so that none of them reads the others' requests", async () => {
  const { cloud, refuse } = open();

  await refuse({ by: member("red", "blue") });

  expect(cloud.audit[0]).not.toHaveProperty("team");
});
