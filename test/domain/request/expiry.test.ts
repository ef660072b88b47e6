import { expect, it } from "vitest";
import { endedAt, endsOf, firstEnd, leftAt, resolveExpiries } from "../../../src/domain/request/expiry.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";

const now = Date.parse("2026-11-29T18:00:00.500Z");
const messages = { server: "sql-dev", database: "messages", roles: ["reader" as const] };
const orders = { ...messages, database: "orders" };
const uploads = { target: "uploads", access: ["read" as const] };

function ask(fields: object): OnboardingRequest {
  return OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases: [messages], ...fields });
}

function refusals(fields: object) {
  const parsed = OnboardingRequest.safeParse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: [messages],
    ...fields,
  });
  return parsed.error?.issues.map(({ path, message }) => `${path.join("/")}: ${message}`);
}

it("makes every duration an instant, in whole seconds, and keeps the instants", () => {
  const asked = ask({
    expiresAfter: "P30D",
    databases: [
      { ...messages, expiresAt: "2027-01-31T00:00:00Z" },
      { ...orders, expiresAfter: "PT1H" },
    ],
    targets: [{ ...uploads, expiresAfter: "P1D" }],
  });

  const kept = resolveExpiries(asked, now);

  expect(kept.expiresAt).toBe("2026-12-29T18:00:01.000Z");
  expect(kept).not.toHaveProperty("expiresAfter");
  expect(kept.databases).toEqual([
    { ...messages, expiresAt: "2027-01-31T00:00:00.000Z" },
    { ...orders, expiresAt: "2026-11-29T19:00:01.000Z" },
  ]);
  expect(kept.targets).toEqual([{ ...uploads, expiresAt: "2026-11-30T18:00:01.000Z" }]);
  expect(resolveExpiries(kept, now + 1_000_000)).toEqual(kept);
});

it("leaves a request without an end as it is", () => {
  const asked = ask({ targets: [uploads] });

  expect(resolveExpiries(asked, now)).toEqual(asked);
  expect(hashRequest(resolveExpiries(asked, now))).toBe(hashRequest(asked));
  expect(firstEnd(asked)).toBeUndefined();
});

it("ends a target at its own end or the request's, whichever is first", () => {
  const kept = resolveExpiries(
    ask({
      expiresAt: "2027-02-01T00:00:00Z",
      databases: [
        { ...messages, expiresAt: "2027-01-01T00:00:00Z" },
        { ...orders, expiresAt: "2027-03-01T00:00:00Z" },
      ],
    }),
    now,
  );

  expect([...endsOf(kept)]).toEqual([
    ["sql-dev/messages", "2027-01-01T00:00:00.000Z"],
    ["sql-dev/orders", "2027-02-01T00:00:00.000Z"],
  ]);
  expect(firstEnd(kept)).toBe("2027-01-01T00:00:00.000Z");
  expect(endedAt(kept, "2026-12-31T23:59:59.999Z")).toEqual([]);
  expect(leftAt(kept, "2026-12-31T23:59:59.999Z")).toEqual(kept);
  expect(leftAt(kept, "2027-01-01T00:00:00.000Z")?.databases).toEqual([
    { ...orders, expiresAt: "2027-03-01T00:00:00.000Z" },
  ]);
  expect(leftAt(kept, "2027-02-01T00:00:00.000Z")).toBeUndefined();
});

it("leaves the field of other targets out when the last of them has ended", () => {
  const kept = resolveExpiries(ask({ targets: [{ ...uploads, expiresAfter: "P1D" }] }), now);

  const left = leftAt(kept, "2026-12-01T00:00:00.000Z");

  expect(left).not.toHaveProperty("targets");
  expect(OnboardingRequest.parse(left)).toEqual(ask({}));
});

it("names every end that it cannot read, and both fields together", () => {
  expect(refusals({ expiresAt: "2027-01-31T00:00:00Z", expiresAfter: "P1D" })).toEqual([
    "expiresAfter: excludes expiresAt: name one of them",
  ]);
  expect(refusals({ databases: [{ ...messages, expiresAt: "2027-01-31T00:00:00Z", expiresAfter: "P1D" }] })).toEqual([
    "databases/0/expiresAfter: excludes expiresAt: name one of them",
  ]);
  const notATime = "expiresAt: must be a time in UTC, such as 2027-01-31T00:00:00Z";
  for (const expiresAt of ["tomorrow", "2027-01-31", "2027-02-30T00:00:00Z", "2027-01-31T00:00:00+02:00"]) {
    expect(refusals({ expiresAt }), expiresAt).toEqual([notATime]);
  }
  expect(refusals({ targets: [{ ...uploads, expiresAfter: "30 days" }] })).toEqual([
    "targets/0/expiresAfter: must be a duration of ISO 8601, such as P30D, P6M or PT12H",
  ]);
});

it("counts the end as part of the request", () => {
  const hashes = [
    {},
    { expiresAfter: "P1D" },
    { expiresAfter: "P2D" },
    { databases: [{ ...messages, expiresAfter: "P1D" }] },
  ];

  expect(new Set(hashes.map((fields) => hashRequest(ask(fields)))).size).toBe(4);
});
