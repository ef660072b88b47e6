import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { findExpiryProblems } from "../../../src/domain/policy/expiry.ts";
import { resolveExpiries } from "../../../src/domain/request/expiry.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { catalog as given } from "../../support/fakeCloud.ts";

const now = Date.parse("2026-11-29T18:00:00.250Z");
const messages = { server: "sql-dev", database: "messages", roles: ["reader" as const] };

function catalogWith({ cluster, server, maxExpiry = {}, team }: Limits): Catalog {
  const [aks, sql] = [given.clusters["aks-dev"], given.sqlServers["sql-dev"]];
  if (!aks || !sql) throw new Error("the catalog has neither");
  return Catalog.parse({
    ...given,
    clusters: {
      ...{ ...given.clusters, "aks-dev": { ...aks, ...(cluster ? { environment: cluster } : {}) } },
      "aks-prod": { ...JSON.parse(JSON.stringify(aks).replaceAll("aks-dev", "aks-prod")), environment: "prod" },
    },
    sqlServers: { ...given.sqlServers, "sql-dev": { ...sql, ...(server ? { environment: server } : {}) } },
    teams: { red: { clusters: ["aks-dev"], namespaces: ["*"], ...(team ? { maxExpiry: team } : {}) } },
    expiry: { maxExpiry },
  });
}

interface Limits {
  readonly cluster?: string;
  readonly server?: string;
  readonly maxExpiry?: Readonly<Record<string, string>>;
  readonly team?: string;
}

function problems(fields: object, limits: Limits, team?: string) {
  const request = OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: [messages],
    ...fields,
  });
  return findExpiryProblems(catalogWith(limits), request, { now, team }).map(
    ({ pointer, code, detail }) => `${pointer} ${code} ${detail}`,
  );
}

const prod = { cluster: "prod", maxExpiry: { prod: "P90D" } };
const refused = (pointer: string) => [
  `${pointer} EXPIRY_NOT_ALLOWED must end within P90D, which is the longest for environment "prod"`,
];

it("demands nothing where the catalog says nothing", () => {
  expect(problems({}, {})).toEqual([]);
  expect(problems({ expiresAfter: "P100Y" }, { cluster: "dev", maxExpiry: { prod: "P90D" } })).toEqual([]);
});

it("demands an end where the catalog limits it, and accepts the whole time", () => {
  expect(problems({}, prod)).toEqual(refused("/expiresAt"));
  expect(problems({ expiresAfter: "P90D" }, prod)).toEqual([]);
  expect(problems({ expiresAfter: "P91D" }, prod)).toEqual(refused("/expiresAfter"));
  expect(problems({ expiresAt: "2027-02-27T18:00:01Z" }, prod)).toEqual([]);
  expect(problems({ expiresAt: "2027-02-27T18:00:02Z" }, prod)).toEqual(refused("/expiresAt"));
});

it("accepts again, kept, what it has accepted", () => {
  const request = OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a", databases: [messages], expiresAfter: "P90D" },
  });

  expect(findExpiryProblems(catalogWith(prod), resolveExpiries(request, now), { now })).toEqual([]);
});

it("accepts an end of each target in place of one for all", () => {
  expect(problems({ databases: [{ ...messages, expiresAfter: "P30D" }] }, prod)).toEqual([]);
  expect(problems({ databases: [{ ...messages, expiresAfter: "P1Y" }] }, prod)).toEqual(
    refused("/databases/0/expiresAfter"),
  );
  expect(problems({ expiresAfter: "P1D", databases: [{ ...messages, expiresAfter: "P1Y" }] }, prod)).toEqual([]);
});

it("counts the environment of a target, too, and the team", () => {
  expect(problems({}, { server: "prod", maxExpiry: { prod: "P90D" } })).toEqual(refused("/expiresAt"));
  expect(problems({}, { team: "P1D" }, "red")).toEqual([
    '/expiresAt EXPIRY_NOT_ALLOWED must end within P1D, which is the longest for team "red"',
  ]);
  expect(problems({}, { team: "P1D" })).toEqual([]);
});

it("names what has passed", () => {
  expect(problems({ expiresAt: "2026-11-29T18:00:00Z" }, {})).toEqual([
    "/expiresAt EXPIRY_PASSED has passed: it is 2026-11-29T18:00:00.250Z",
  ]);
});
