import { expect, it } from "vitest";
import { parseJson, receiveRequest } from "../../../src/application/requests/readRequest.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import { catalog } from "../../support/fakeCloud.ts";
import { member, operator, catalog as withTeams } from "../../support/teams.ts";

/** A caller that may see the whole catalog. */
const reader = { catalog, by: operator };

const good = {
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
};

function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const [database] = good.databases;
const asking = (...targets: readonly object[]) => ({
  ...good,
  targets: targets.map((each) => ({ target: "uploads", access: ["read"], ...each })),
});
const bad: [what: string, request: unknown, code: string, pointer: string][] = [
  ["an unknown cluster", { ...good, cluster: "aks-prod" }, "UNKNOWN_CLUSTER", "/cluster"],
  ["a cluster named like a built-in", { ...good, cluster: "constructor" }, "UNKNOWN_CLUSTER", "/cluster"],
  ["a URL for a cluster", { ...good, cluster: "https://evil.example" }, "INVALID_REQUEST", "/cluster"],
  [
    "a resource id for a server",
    { ...good, databases: [{ ...database, server: "/subscriptions/x" }] },
    "INVALID_REQUEST",
    "/databases/0/server",
  ],
  [
    "a host for a server",
    { ...good, databases: [{ ...database, server: "x.database.windows.net" }] },
    "INVALID_REQUEST",
    "/databases/0/server",
  ],
  [
    "an unknown server",
    { ...good, databases: [{ ...database, server: "sql-x" }] },
    "UNKNOWN_SQL_SERVER",
    "/databases/0/server",
  ],
  [
    "an unknown database",
    { ...good, databases: [{ ...database, database: "secrets" }] },
    "UNKNOWN_DATABASE",
    "/databases/0/database",
  ],
  [
    "an unknown role",
    { ...good, databases: [{ ...database, roles: ["root"] }] },
    "INVALID_REQUEST",
    "/databases/0/roles/0",
  ],
  [
    "a role that the catalog does not allow",
    { ...good, databases: [{ ...database, roles: ["owner"] }] },
    "ROLE_NOT_ALLOWED",
    "/databases/0/roles",
  ],
  [
    "a mode that the cluster does not offer",
    { ...good, cluster: "aks-new", identityMode: "podIdentity" },
    "MODE_NOT_ALLOWED",
    "/identityMode",
  ],
  ["no databases", { ...good, databases: [] }, "INVALID_REQUEST", "/databases"],
  ["a database twice", { ...good, databases: [database, database] }, "INVALID_REQUEST", "/databases"],
  ["a system namespace", { ...good, namespace: "kube-system" }, "SYSTEM_NAMESPACE", "/namespace"],
  ["capitals in a namespace", { ...good, namespace: "Team-A" }, "INVALID_REQUEST", "/namespace"],
  ["a quote in a namespace", { ...good, namespace: "a'b" }, "INVALID_REQUEST", "/namespace"],
  [
    "a bracket in a database",
    { ...good, databases: [{ ...database, database: "x]; DROP" }] },
    "INVALID_REQUEST",
    "/databases/0/database",
  ],
  ["64 characters in a namespace", { ...good, namespace: "a".repeat(64) }, "INVALID_REQUEST", "/namespace"],
  ["an unknown field", { ...good, admin: true }, "INVALID_REQUEST", "/admin"],
  [
    "an unknown field below",
    { ...good, databases: [{ ...database, host: "x" }] },
    "INVALID_REQUEST",
    "/databases/0/host",
  ],
  ["a wrong type", { ...good, namespace: 7 }, "INVALID_REQUEST", "/namespace"],
  ["a missing field", { ...good, cluster: undefined }, "INVALID_REQUEST", "/cluster"],
  ["neither a database nor a target", { ...good, databases: undefined }, "INVALID_REQUEST", "/databases"],
  ["no targets", asking(), "INVALID_REQUEST", "/targets"],
  ["an unknown target", asking({ target: "elsewhere" }), "UNKNOWN_TARGET", "/targets/0/target"],
  ["access that the catalog does not allow", asking({ access: ["own"] }), "ACCESS_NOT_ALLOWED", "/targets/0/access"],
  ["an unknown word of access", asking({ access: ["fly"] }), "INVALID_REQUEST", "/targets/0/access/0"],
  ["a word of access twice", asking({ access: ["read", "read"] }), "INVALID_REQUEST", "/targets/0/access"],
  ["a target twice", asking({}, { access: ["write"] }), "INVALID_REQUEST", "/targets"],
  ["a part for a target", asking({ container: "theirs" }), "INVALID_REQUEST", "/targets/0/container"],
  ["a list", [], "INVALID_REQUEST", ""],
  ["null", null, "INVALID_REQUEST", ""],
];

it.each(bad)("refuses %s and points at it", (_what, request, code, pointer) => {
  const refusal = refusalOf(() => receiveRequest(reader, request));

  expect(refusal.code).toBe(code);
  expect(refusal.details.errors?.map((error) => error.pointer)).toContain(pointer);
});

it("reports errors and later refusals of a Kubernetes object by the object's own fields", () => {
  const { cluster, namespace, databases } = good;
  const objectOf = (roles: readonly string[]) => ({
    apiVersion: "mooring.dev/v1alpha1",
    kind: "NamespaceOnboarding",
    metadata: { name: "x", namespace },
    spec: { cluster, databases: databases.map((each) => ({ ...each, roles })) },
  });
  const late = new Refusal("TEAM_REQUIRED", "/team: must be there", { errors: [{ pointer: "/team", detail: "it" }] });

  const ofCatalog = refusalOf(() => receiveRequest(reader, objectOf(["owner"])));
  const ofPolicy = refusalOf(() => receiveRequest({ catalog: withTeams, by: member("red") }, objectOf(["reader"])));
  const retold = receiveRequest(reader, objectOf(["reader"])).asSent(late);

  expect(ofCatalog.details.errors).toMatchObject([{ pointer: "/spec/databases/0/roles" }]);
  expect(ofPolicy.details.errors).toMatchObject([{ pointer: "/metadata/namespace" }]);
  expect(ofPolicy.message).toContain(": /metadata/namespace is not a namespace of the team");
  expect(retold).toMatchObject({
    code: "TEAM_REQUIRED",
    message: "/spec/team: must be there",
    details: { errors: [{ pointer: "/spec/team", detail: "it" }] },
  });
});

it.each([
  ["a missing field", { ...good, cluster: undefined }, "/cluster", "is missing"],
  ["a number for a string", { ...good, cluster: 7 }, "/cluster", "must be a string, not a number"],
  ["null for a string", { ...good, cluster: null }, "/cluster", "must be a string, not null"],
  [
    "one role for a list",
    { ...good, databases: [{ ...database, roles: "reader" }] },
    "/databases/0/roles",
    "must be a list, not a string",
  ],
  [
    "an empty list",
    { ...good, databases: [{ ...database, roles: [] }] },
    "/databases/0/roles",
    "must have at least 1 entry",
  ],
  [
    "an unknown role",
    { ...good, databases: [{ ...database, roles: ["root"] }] },
    "/databases/0/roles/0",
    "must be one of reader, writer, executor, owner; one of reader, writer, executor on a schema, as in reader@sales; or a role that the database's owner made, as in role:reports",
  ],
  ["a list for a request", [], "", "must be an object, not a list"],
])("says in plain words, and once, what is wrong with %s", (_what, request, pointer, detail) => {
  expect(refusalOf(() => receiveRequest(reader, request)).details.errors).toEqual([{ pointer, detail }]);
});

it("names every invalid field, not only the first", () => {
  const refusal = refusalOf(() => receiveRequest(reader, { ...good, namespace: "X", cluster: "a b", extra: 1 }));

  expect(refusal.details.errors?.map(({ pointer }) => pointer).toSorted()).toEqual([
    "/cluster",
    "/extra",
    "/namespace",
  ]);
});

it("is not fooled by a __proto__ in the body", () => {
  const refusal = refusalOf(() =>
    receiveRequest(reader, parseJson(new TextEncoder().encode(`{"__proto__":{"cluster":"aks-dev"}}`))),
  );

  expect(refusal.code).toBe("INVALID_REQUEST");
});

it.each([
  ["broken JSON", '{"cluster":', "MALFORMED_JSON"],
  ["an empty body", "  ", "MALFORMED_JSON"],
  ["more than 16 KB", JSON.stringify("x".repeat(17_000)), "PAYLOAD_TOO_LARGE"],
])("refuses %s", (_what, text, code) => {
  expect(refusalOf(() => parseJson(new TextEncoder().encode(text))).code).toBe(code);
});

it("refuses invalid UTF-8", () => {
  expect(refusalOf(() => parseJson(new Uint8Array([0x22, 0xff, 0x22]))).code).toBe("MALFORMED_JSON");
});

it("accepts a valid request and fills in the defaults", () => {
  expect(receiveRequest(reader, good).request).toEqual({
    ...good,
    identityMode: "workloadIdentity",
    serviceAccount: "app",
    adoptionPolicy: "IfIdentical",
    deletePolicy: "Delete",
  });
});

it("treats requests that differ only in order as the same", () => {
  const [a, b] = [database, { server: "sql-dev", database: "orders", roles: ["writer", "executor"] }];
  const one = OnboardingRequest.parse({ ...good, databases: [a, b] });
  const other = OnboardingRequest.parse({
    databases: [{ ...b, roles: ["executor", "writer"] }, a],
    namespace: "team-a",
    cluster: "aks-dev",
  });

  expect(hashRequest(one)).toBe(hashRequest(other));
  expect(hashRequest(one)).not.toBe(hashRequest({ ...one, namespace: "team-b" }));
});

it("names a wrong database and an end that has passed in one answer", () => {
  const asked = { ...good, databases: [{ ...database, database: "secrets" }], expiresAt: "2020-01-01T00:00:00Z" };

  const { code, details } = refusalOf(() => receiveRequest(reader, asked));

  expect(code).toBe("INVALID_REQUEST");
  expect(details.errors?.map(({ pointer }) => pointer)).toEqual(["/databases/0/database", "/expiresAt"]);
});
