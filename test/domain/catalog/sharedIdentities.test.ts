/** Which identities may be shared, and what a request that names one cannot have. */
import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { checkAgainstCatalog } from "../../../src/domain/catalog/checkRequest.ts";
import { expectShared } from "../../../src/domain/catalog/sharedIdentities.ts";
import { identityName, postgresRoleName, useBindingName, useRoleName } from "../../../src/domain/naming/names.ts";
import { denyChange } from "../../../src/domain/request/change.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import { postgresConnection } from "../../../src/domain/targets/postgres.ts";
import { catalog as plain } from "../../support/fakeCloud.ts";

const own = {
  cluster: "aks-new",
  namespace: "team-g",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
};
const sharedIdentity = "aks-dev/team-a";
const guest = OnboardingRequest.parse({ ...own, sharedIdentity });

const withShared = (sharedIdentities: object, environments: Readonly<Record<string, string>> = {}) =>
  Catalog.safeParse({
    ...plain,
    sharedIdentities,
    clusters: Object.fromEntries(
      Object.entries(plain.clusters).map(([alias, each]) => [alias, { ...each, environment: environments[alias] }]),
    ),
  });
const messagesOf = (result: ReturnType<typeof withShared>) =>
  result.error?.issues.map(({ path, message }) => `${path.join("/")}: ${message}`);

it("allows the clusters that the catalog names, and no others", () => {
  const catalog = Catalog.parse({ ...plain, sharedIdentities: { [sharedIdentity]: { clusters: ["aks-new"] } } });

  expect(checkAgainstCatalog(catalog, guest)).toEqual([]);
  expect(() => expectShared(catalog, guest)).not.toThrow();
  expect(checkAgainstCatalog(catalog, { ...guest, cluster: "aks-dev" })).toEqual([
    {
      pointer: "/sharedIdentity",
      code: "SHARED_IDENTITY_NOT_ALLOWED",
      detail: "the catalog does not let namespaces of cluster aks-dev use the identity of aks-dev/team-a",
    },
  ]);
  expect(() => expectShared(plain, guest)).toThrow("does not let namespaces of cluster aks-new use the identity");
});

it("refuses a catalog that names what is not there, or that crosses environments", () => {
  const clusters = ["aks-new"];
  expect(messagesOf(withShared({ "gone/team-a": { clusters } }))).toEqual([
    'sharedIdentities/gone/team-a: the catalog has no cluster "gone"',
  ]);
  expect(messagesOf(withShared({ [sharedIdentity]: { clusters: ["gone"] } }))).toEqual([
    'sharedIdentities/aks-dev/team-a/clusters/0: the catalog has no cluster "gone"',
  ]);
  expect(messagesOf(withShared({ [sharedIdentity]: { clusters } }, { "aks-new": "prod", "aks-dev": "dev" }))).toEqual([
    'sharedIdentities/aks-dev/team-a/clusters/0: cluster "aks-new" is of another environment than "aks-dev"',
  ]);
  expect(messagesOf(withShared({ [sharedIdentity]: { clusters } }, { "aks-new": "prod" }))).toHaveLength(1);
  expect(
    messagesOf(withShared({ [sharedIdentity]: { clusters } }, { "aks-new": "dev", "aks-dev": "dev" })),
  ).toBeUndefined();
  expect(messagesOf(withShared({ "team-a": { clusters } }))).toHaveLength(1);
});

it.each([
  [{ sharedIdentity: "aks-new/team-g" }, "sharedIdentity"],
  [{ sharedIdentity: "team-a" }, "sharedIdentity"],
  [{ identityMode: "podIdentity" }, "identityMode"],
  [{ databases: [{ ...own.databases[0], expiresAfter: "P1D" }] }, "databases.0.expiresAfter"],
  [{ targets: [{ target: "uploads", access: ["read"], expiresAt: "2099-01-01T00:00:00Z" }] }, "targets.0.expiresAt"],
])("refuses %o of a guest", (changes, path) => {
  const { error } = OnboardingRequest.safeParse({ ...own, sharedIdentity, ...changes });
  expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
});

it("is another request, and no change of one", () => {
  const alone = OnboardingRequest.parse(own);
  expect(hashRequest(guest)).not.toBe(hashRequest(alone));
  expect(denyChange(guest, { request: alone })).toMatchObject({
    code: "SHARED_IDENTITY_CHANGE_REFUSED",
    message: "aks-new/team-g has an identity of its own, the request says the identity of aks-dev/team-a.",
  });
  expect(denyChange(guest, { request: { ...guest, serviceAccount: "other" } })).toBeUndefined();
});

it("names the identity by its home, and the rights in the cluster by the guest", () => {
  const home = { cluster: "aks-dev", namespace: "team-a" };
  const { cluster, namespace } = guest;
  expect(identityName(guest)).toBe(identityName(home));
  expect(postgresRoleName(guest)).toBe(postgresRoleName(home));
  expect(useRoleName(guest)).toBe(useRoleName({ cluster, namespace }));
  expect(useBindingName(guest, "app")).toBe(useBindingName({ cluster, namespace }, "app"));
  const place = {
    kind: "postgresql",
    resourceId: "r",
    host: "h",
    port: 5432,
    database: "d",
    schema: "s",
    login: "m",
  } as const;
  expect(postgresConnection(place, guest).find(({ field }) => field === "user")?.value).toBe(postgresRoleName(home));
});
