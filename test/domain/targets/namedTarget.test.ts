import { describe, expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { isSamePlace, namedTarget, placeOf, readPlace } from "../../../src/domain/targets/namedTarget.ts";
import { danglingInRights, refusedTo } from "../../../src/domain/targets/rules.ts";
import { lostOn, replacedIn } from "../../../src/domain/targets/wanted.ts";
import { catalog } from "../../support/fakeCloud.ts";
import { everyEntry } from "../../support/targetEntries.ts";

const account =
  "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts";

function problemsOf(targets: object): readonly (readonly [path: string, message: string])[] {
  const { error } = Catalog.safeParse({ ...catalog, targets });
  return (error?.issues ?? []).map(({ path, message }) => [path.join("."), message]);
}

it("refuses two aliases for one place, whatever the case of its name and the access", () => {
  const uploads = { kind: "storageBlob", resourceId: `${account}/stdev`, container: "uploads", access: ["read"] };
  const again = { ...uploads, resourceId: `${account.replace("rg", "RG")}/stdev`, access: ["write"] };

  expect(problemsOf({ uploads, again })).toEqual([
    ["targets.again", expect.stringContaining('the same place as "uploads"')],
  ]);
});

const bus = account.replace("Microsoft.Storage/storageAccounts", "Microsoft.ServiceBus/namespaces/sb");
const vault = account.replace("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults/kv");
const cosmos = account.replace("Microsoft.Storage/storageAccounts", "Microsoft.DocumentDB/databaseAccounts/c1");
const server = account.replace("Microsoft.Storage/storageAccounts", "Microsoft.DBforPostgreSQL/flexibleServers/pg");
const onServer = { kind: "postgresql", resourceId: server, host: "pg", login: "mooring", database: "books" };

it.each([
  [{ kind: "serviceBus", resourceId: bus, topic: "Invoices", access: ["send"] }, { topic: "invoices" }, true],
  [{ kind: "keyVaultSecrets", resourceId: vault, secret: "Token", access: ["read"] }, { secret: "token" }, true],
  [{ kind: "storageTable", resourceId: `${account}/s`, table: "Rows", access: ["read"] }, { table: "rows" }, true],
  [{ kind: "cosmosNoSql", resourceId: cosmos, database: "Shop", access: ["read"] }, { database: "shop" }, false],
  [{ ...onServer, schema: "Sales", access: ["read"] }, { schema: "sales" }, false],
  [{ ...onServer, schema: "sales", access: ["read"] }, { database: "Books" }, false],
  [{ ...onServer, access: ["read"] }, { resourceId: server.toUpperCase(), login: "other" }, true],
])("tells names apart by case exactly where Azure does: %j and %j", (entry, changes, isSame) => {
  const second = { ...entry, ...changes };

  expect(isSamePlace(entry, second)).toBe(isSame);
  expect(problemsOf({ entry, second }).map(([path]) => path)).toEqual(isSame ? ["targets.second"] : []);
});

it("lets aliases name a resource and its parts", () => {
  const whole = { kind: "storageBlob", resourceId: `${account}/stdev`, access: ["read"] };
  const parts = ["uploads", "reports"].map((container) => [container, { ...whole, container }] as const);

  expect(problemsOf({ whole, ...Object.fromEntries(parts) })).toEqual([]);
});

it.each(Object.entries(everyEntry))("remembers where it is: %s", (_name, entry) => {
  const { it: listed } = Catalog.parse({ ...catalog, targets: { it: entry } }).targets;
  if (!listed) throw new Error("the catalog has no such target");
  const place = placeOf(listed);

  expect(readPlace(JSON.parse(JSON.stringify(place)))).toEqual(place);
});

it("loses nothing that a word which stays includes", () => {
  const uploads = (...access: ("read" | "write" | "send" | "own")[]) => ({
    ...{ databases: [], targets: [{ target: "uploads", access }] },
  });

  expect(lostOn(uploads("write"), uploads("read", "write"), "uploads")).toEqual([]);
  expect(lostOn(uploads("own"), uploads("read", "write"), "uploads")).toEqual([]);
  expect(lostOn(uploads("read"), uploads("read", "write"), "uploads")).toEqual(["write"]);
  expect(lostOn({ databases: [] }, uploads("read"), "uploads")).toEqual(["read"]);
});

it("takes a word's own access away where a larger word of the request includes it, as where it is asked for no longer", () => {
  const uploads = (...access: ("read" | "write" | "send" | "receive")[]) => ({
    ...{ databases: [], targets: [{ target: "uploads", access }] },
  });
  const narrowed = (next: ReturnType<typeof uploads>, before: ReturnType<typeof uploads>) =>
    replacedIn(next, before).narrowed.map(({ key }) => key);

  expect(narrowed(uploads("read", "write"), uploads("read"))).toEqual(["uploads"]);
  expect(narrowed(uploads("write"), uploads("read"))).toEqual(["uploads"]);
  expect(narrowed(uploads("read"), uploads("read", "write"))).toEqual(["uploads"]);
  expect(narrowed(uploads("send", "receive"), uploads("send"))).toEqual([]);
  expect(narrowed(uploads("write"), uploads("write"))).toEqual([]);
});

it("says where a Cosmos DB account is on the network: at its endpoint, on the port of the gateway mode", () => {
  const resourceId = account.replace("Microsoft.Storage/storageAccounts", "Microsoft.DocumentDB/databaseAccounts/c1");
  const { targets } = Catalog.parse({
    ...catalog,
    targets: { carts: { kind: "cosmosNoSql", resourceId, access: ["read"], network: { addresses: ["10.1.0.0/24"] } } },
  });

  expect(
    namedTarget.destination({ targets }, { key: "carts", access: ["read"], expiry: {}, pointer: "" }),
  ).toMatchObject({
    ...{ hosts: ["c1.documents.azure.com"], addresses: ["10.1.0.0/24"], ports: [{ from: 443, to: 443 }] },
  });
});

describe("a team", () => {
  const rights = {
    databases: {},
    targets: { uploads: ["read" as const], jobs: ["send" as const, "receive" as const] },
  };

  it("may ask for its targets, with its access", () => {
    const asked = { databases: [], targets: [{ target: "jobs", access: ["send" as const] }] };

    expect(refusedTo(rights, asked)).toEqual([]);
    expect(refusedTo(rights, { databases: [] })).toEqual([]);
  });

  it.each([
    [
      "a target that it has not",
      "secrets",
      "read",
      "/targets/1/target",
      "is not a target of the team; it has uploads, jobs",
    ],
    [
      "a name of JavaScript",
      "toString",
      "read",
      "/targets/1/target",
      "is not a target of the team; it has uploads, jobs",
    ],
    [
      "more access than it has",
      "uploads",
      "write",
      "/targets/1/access",
      "has write, which the team may not have there; it may have read",
    ],
  ] as const)("is refused %s", (_what, target, word, pointer, detail) => {
    const asked = {
      databases: [],
      targets: [
        { target: "jobs", access: ["send" as const] },
        { target, access: [word] },
      ],
    };

    expect(refusedTo(rights, asked)).toEqual([{ pointer, code: "NOT_ALLOWED", detail }]);
  });

  it("has rights on nothing that the catalog does not offer", () => {
    const named = { databases: {}, targets: { uploads: ["read" as const, "own" as const], gone: ["read" as const] } };

    expect(danglingInRights(named, catalog)).toEqual([
      { path: ["targets", "uploads", 1], message: "the catalog has no access own on it" },
      { path: ["targets", "gone"], message: 'the catalog has no target "gone"' },
    ]);
  });
});
