/**
 * What a refusal reveals of the catalog: what the caller's teams may ask for (docs/callers.md), and nothing else, not even
 * what exists.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { admit } from "../../src/application/admission/admission.ts";
import { publicCatalog } from "../../src/application/documents/catalogDocument.ts";
import { readRequests } from "../../src/application/requests/readBatch.ts";
import { receiveRequest } from "../../src/application/requests/readRequest.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { findCluster } from "../../src/domain/catalog/clusters.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { findDatabase } from "../../src/domain/targets/sqlDatabase.ts";
import { catalog as base } from "../support/fakeCloud.ts";
import { member, operator } from "../support/teams.ts";

const [clusterOfBase] = Object.values(base.clusters);
const [serverOfBase] = Object.values(base.sqlServers);
const databases = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { roles: ["reader", "writer", "owner"] }]));

/** No name is part of another, nor of any text of Mooring's. */
const catalog = Catalog.parse({
  ...base,
  clusters: { "cl-amber": clusterOfBase, "cl-basalt": clusterOfBase, "cl-cobalt": clusterOfBase },
  sqlServers: {
    "sv-dune": { ...serverOfBase, databases: databases("db-elm", "db-fern") },
    "sv-gorse": { ...serverOfBase, databases: databases("db-heath", "db-ivy") },
  },
  sharedIdentities: {
    "cl-amber/ns-jade-2": { clusters: ["cl-amber"] },
    "cl-basalt/ns-kelp-2": { clusters: ["cl-amber", "cl-basalt"] },
  },
  auth: { keys: { operator: { sha256: "0".repeat(64), roles: ["Onboarding.Operate"] } } },
  teams: {
    "tm-jade": {
      clusters: ["cl-amber"],
      namespaces: ["ns-jade-*"],
      databases: { "sv-dune": { "db-elm": ["reader"] } },
    },
    "tm-kelp": {
      clusters: ["cl-basalt"],
      namespaces: ["ns-kelp-*"],
      databases: { "sv-gorse": { "db-heath": ["reader", "writer"] } },
    },
    "tm-lime": {
      clusters: ["cl-amber"],
      namespaces: ["ns-lime-*"],
      databases: { "sv-dune": { "db-fern": ["writer"] } },
    },
  },
});

const callers: Readonly<Record<string, Caller>> = {
  "of no team": member(),
  "of one team": member("tm-jade"),
  "of another team": member("tm-kelp"),
  "of two teams": member("tm-jade", "tm-lime"),
};

const teamNames = Object.keys(catalog.teams);
const clusterNames = Object.keys(catalog.clusters);
const databaseNames = Object.entries(catalog.sqlServers).flatMap(([server, { databases: of }]) =>
  Object.keys(of).map((database) => ({ server, database })),
);
const patterns = Object.values(catalog.teams).flatMap(({ namespaces }) => namespaces);
const everyName = [
  ...teamNames,
  ...clusterNames,
  ...patterns.map((pattern) => pattern.replace("*", "")),
  ...databaseNames.flatMap(({ server, database }) => [server, database]),
];

/** Names that GET /catalog does not show the caller, and that are not in its teams' entries, either. */
function hiddenFrom(caller: Caller): readonly string[] {
  const own = caller.teams.flatMap((name) => [name, ...(catalog.teams[name]?.namespaces ?? [])]);
  const shown = JSON.stringify([publicCatalog(catalog, caller), own]);
  return everyName.filter((name) => !shown.includes(name));
}

const pick = (...names: readonly string[]) => fc.constantFrom(...names);
const anyRequest = fc
  .record(
    {
      cluster: pick(...clusterNames, "cl-unknown"),
      namespace: pick("ns-jade-1", "ns-kelp-1", "ns-lime-1", "elsewhere"),
      identityMode: pick("workloadIdentity", "podIdentity"),
      sharedIdentity: pick("cl-amber/ns-jade-2", "cl-basalt/ns-kelp-2", "cl-unknown/ns-jade-2"),
      databases: fc.uniqueArray(
        fc.record({
          server: pick("sv-dune", "sv-gorse", "sv-unknown"),
          database: pick(...databaseNames.map(({ database }) => database), "db-unknown"),
          roles: fc.uniqueArray(pick("reader", "writer", "executor", "owner"), { minLength: 1 }),
        }),
        { minLength: 1, maxLength: 3, selector: ({ server, database }) => `${server}/${database}` },
      ),
      team: pick(...teamNames, "tm-unknown"),
    },
    { requiredKeys: ["cluster", "namespace", "databases"] },
  )
  // Pods of pod identity cannot share one.
  .map(({ sharedIdentity, ...rest }) =>
    sharedIdentity === undefined || rest.identityMode === "podIdentity" ? rest : { ...rest, sharedIdentity },
  );

/** As over HTTP, on the queue, or in a batch, whose items are refused at their turn. */
function refusalsOf(by: Caller, body: unknown): readonly (Refusal | PermanentError)[] {
  const ways = [
    () => receiveRequest({ catalog, by }, body),
    () => readRequests({ catalog, by }, { requests: [body] }),
    () => admit({ ports: { catalog }, by }, OnboardingRequest.parse(body)),
  ];
  return ways.flatMap((way) => {
    try {
      way();
      return [];
    } catch (error) {
      if (error instanceof Refusal || error instanceof PermanentError) return [error];
      throw error;
    }
  });
}

const said = (errors: readonly (Refusal | PermanentError)[]) =>
  errors.map((error) => [error.code, error.message, error instanceof Refusal ? error.details : {}]);

it.each(Object.entries(callers))("reveals to a caller %s no hidden name", (_who, by) => {
  const hidden = hiddenFrom(by);
  expect(hidden.length).toBeGreaterThan(5);
  let refused = 0;
  fc.assert(
    fc.property(anyRequest, (body) => {
      const asked = JSON.stringify(body);
      const told = JSON.stringify(said(refusalsOf(by, body)));
      refused += told === "[]" ? 0 : 1;
      // The caller's own words are repeated.
      expect(hidden.filter((name) => !asked.includes(name) && told.includes(name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
});

it.each(Object.entries(callers))(
  "answers a caller %s the same for what is hidden and for what does not exist",
  (_who, by) => {
    const hidden = new Set(hiddenFrom(by));
    const unknown = (name: string) => (hidden.has(name) ? name.replace(/-.*$/, "-unknown") : name);
    const rename = (text: string) => text.replaceAll(/\b(cl|sv|db|tm)-[a-z]+/g, unknown);
    fc.assert(
      fc.property(anyRequest, (body) => {
        const there = rename(JSON.stringify(said(refusalsOf(by, body))));
        const renamed: unknown = JSON.parse(rename(JSON.stringify(body)));
        // The renaming can turn two hidden databases into one, which the request may not name twice.
        fc.pre(OnboardingRequest.safeParse(renamed).success);
        expect(there).toBe(JSON.stringify(said(refusalsOf(by, renamed))));
      }),
      { numRuns: 500 },
    );
  },
);

it("lists what the caller's team has as alternatives to what was requested", () => {
  const body = {
    cluster: "cl-basalt",
    namespace: "ns-jade-1",
    databases: [
      { server: "sv-dune", database: "db-elms", roles: ["reader"] },
      { server: "sv-dune", database: "db-elm", roles: ["owner"] },
    ],
  };
  const [refusal] = refusalsOf(member("tm-jade"), body);

  expect(refusal).toMatchObject({
    code: "NOT_ALLOWED",
    details: {
      errors: [
        { pointer: "/cluster", detail: "is not a cluster of the team; it has cl-amber" },
        { pointer: "/databases/0/database", detail: "is not a database of the team; it has sv-dune/db-elm" },
        { pointer: "/databases/1/roles", detail: "has owner, which the team may not have there; it may have reader" },
      ],
    },
  });
  expect(refusalsOf(member("tm-jade", "tm-lime"), body)[0]?.message).toMatch(
    /team "tm-jade": .*it has sv-dune\/db-elm[.;].*team "tm-lime": .*it has sv-dune\/db-fern/,
  );
});

it("lists the whole catalog to an operator", () => {
  const ask = (changes: object) =>
    refusalsOf(operator, {
      cluster: "cl-amber",
      namespace: "ns-any",
      databases: [{ server: "sv-dune", database: "db-elm", roles: ["reader"], ...changes }],
    })[0];

  expect(ask({ server: "sv-unknown" })).toMatchObject({
    code: "UNKNOWN_SQL_SERVER",
    message: expect.stringContaining("it has sv-dune, sv-gorse."),
  });
  expect(ask({ database: "db-heath" })).toMatchObject({
    code: "UNKNOWN_DATABASE",
    message: expect.stringContaining("it lists db-elm, db-fern."),
  });
  expect(ask({ roles: ["executor"] })).toMatchObject({
    code: "ROLE_NOT_ALLOWED",
    message: expect.stringContaining("it allows reader, writer, owner."),
  });
});

it("lists nothing in the error of a step, which the operation's team reads", () => {
  const failures = [
    () => findCluster(catalog, "cl-gone"),
    () => findDatabase(catalog, { server: "sv-gone", database: "db-elm", roles: ["reader"] }),
    () => findDatabase(catalog, { server: "sv-dune", database: "db-gone", roles: ["reader"] }),
    () => findDatabase(catalog, { server: "sv-dune", database: "db-elm", roles: ["executor"] }),
  ];
  const asked = ["sv-dune", "db-elm"];

  for (const fail of failures) {
    let message = "";
    try {
      fail();
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/^PermanentError: The catalog/);
    expect(everyName.filter((name) => !asked.includes(name) && message.includes(name))).toEqual([]);
    expect(message).not.toContain("writer");
  }
});
