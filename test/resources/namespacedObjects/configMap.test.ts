/** What an application finds in the ConfigMap of its namespace. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { azureRoleKindNames, azureRoleKinds } from "../../../src/domain/targets/azureRoles.ts";
import type { TargetRequest } from "../../../src/domain/targets/namedTarget.ts";
import { configMap } from "../../../src/resources/namespacedObjects/configMap.ts";
import { catalog } from "../../support/fakeCloud.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const group = "/subscriptions/s/resourceGroups/rg-data/providers";
const inGroup = (type: string, name: string) => ({ resourceId: `${group}/${type}/${name}`, access: ["read"] });
const storage = inGroup("Microsoft.Storage/storageAccounts", "stdev");
const bus = { ...inGroup("Microsoft.ServiceBus/namespaces", "sb-dev"), access: ["send"] };
const postgres = {
  ...inGroup("Microsoft.DBforPostgreSQL/flexibleServers", "pg-dev"),
  ...{ kind: "postgresql", host: "pg-dev.postgres.database.azure.com", login: "mooring", database: "ledger" },
};

const listed = Catalog.parse({
  ...catalog,
  targets: {
    uploads: { kind: "storageBlob", ...storage, container: "uploads" },
    others: { kind: "storageBlob", ...storage, container: "others" },
    lists: { kind: "storageQueue", ...storage },
    sessions: { kind: "storageTable", ...storage, table: "sessions" },
    keys: { kind: "keyVaultSecrets", ...inGroup("Microsoft.KeyVault/vaults", "kv-dev"), secret: "api-key" },
    invoices: { kind: "serviceBus", ...bus, access: ["receive"], topic: "invoices", subscription: "all" },
    clicks: {
      kind: "eventHubs",
      ...{ ...inGroup("Microsoft.EventHub/namespaces", "eh-dev"), access: ["send"], eventHub: "clicks" },
    },
    settings: { kind: "appConfiguration", ...inGroup("Microsoft.AppConfiguration/configurationStores", "appcs-dev") },
    gpt: { kind: "openAi", ...inGroup("Microsoft.CognitiveServices/accounts", "oai-dev"), access: ["use"] },
    ledger: postgres,
    carts: {
      kind: "cosmosNoSql",
      ...inGroup("Microsoft.DocumentDB/databaseAccounts", "cosmos-dev"),
      ...{ database: "shop", container: "carts" },
    },
    government: {
      kind: "keyVaultSecrets",
      ...inGroup("Microsoft.KeyVault/vaults", "kv"),
      endpoint: "https://kv.vault.usgovcloudapi.net",
    },
  },
});

function dataFor(...aliases: string[]) {
  const targets: TargetRequest[] = aliases.map((target) => ({ target, access: ["read"] }));
  const { data } = configMap.fields(listed, {
    ...namespaceRef,
    databases: [],
    ...(targets.length > 0 ? { targets } : {}),
  });
  return data as Readonly<Record<string, string>>;
}

it("says of a namespace without targets what it said before there were any", () => {
  expect(dataFor()).toEqual({ SERVER_NAME: "", DATABASE_NAME: "", DATABASES: "[]" });
});

it.each([
  ["uploads", { STORAGE_BLOB_ENDPOINT: "https://stdev.blob.core.windows.net", STORAGE_BLOB_CONTAINER: "uploads" }],
  ["lists", { STORAGE_QUEUE_ENDPOINT: "https://stdev.queue.core.windows.net" }],
  ["sessions", { STORAGE_TABLE_ENDPOINT: "https://stdev.table.core.windows.net", STORAGE_TABLE_NAME: "sessions" }],
  ["keys", { KEY_VAULT_ENDPOINT: "https://kv-dev.vault.azure.net", KEY_VAULT_SECRET: "api-key" }],
  [
    "invoices",
    {
      SERVICE_BUS_HOST: "sb-dev.servicebus.windows.net",
      SERVICE_BUS_TOPIC: "invoices",
      SERVICE_BUS_SUBSCRIPTION: "all",
    },
  ],
  ["clicks", { EVENT_HUBS_HOST: "eh-dev.servicebus.windows.net", EVENT_HUBS_HUB: "clicks" }],
  ["settings", { APP_CONFIGURATION_ENDPOINT: "https://appcs-dev.azconfig.io" }],
  ["gpt", { AZURE_OPENAI_ENDPOINT: "https://oai-dev.openai.azure.com" }],
  [
    "ledger",
    {
      PGHOST: "pg-dev.postgres.database.azure.com",
      PGPORT: "5432",
      PGDATABASE: "ledger",
      PGSCHEMA: "public",
      PGUSER: expect.stringMatching(/^mooring-aks-dev-team-a-/),
    },
  ],
  [
    "carts",
    {
      COSMOS_ENDPOINT: "https://cosmos-dev.documents.azure.com",
      COSMOS_DATABASE: "shop",
      COSMOS_CONTAINER: "carts",
    },
  ],
  ["government", { KEY_VAULT_ENDPOINT: "https://kv.vault.usgovcloudapi.net" }],
])("gives in variables what an application needs to connect to %s", (alias, variables) => {
  const { SERVER_NAME: _, DATABASE_NAME: __, DATABASES: ___, TARGETS, ...others } = dataFor(alias);

  expect(others).toEqual(variables);
  const { kind, ...fields } = (JSON.parse(TARGETS ?? "") as Record<string, Record<string, string>>)[alias] ?? {};
  expect(kind).toBe(listed.targets[alias]?.kind);
  expect(Object.values(fields)).toEqual(Object.values(others));
});

it("gives all of them as JSON by alias, and the first of each kind in variables", () => {
  const data = dataFor("keys", "others", "uploads");

  expect(JSON.parse(data["TARGETS"] ?? "")).toEqual({
    keys: { kind: "keyVaultSecrets", endpoint: "https://kv-dev.vault.azure.net", secret: "api-key" },
    others: { kind: "storageBlob", endpoint: "https://stdev.blob.core.windows.net", container: "others" },
    uploads: { kind: "storageBlob", endpoint: "https://stdev.blob.core.windows.net", container: "uploads" },
  });
  expect(data).toMatchObject({ KEY_VAULT_SECRET: "api-key", STORAGE_BLOB_CONTAINER: "others" });
});

it("uses variables that are documented, and that the write policy admits", () => {
  const root = join(import.meta.dirname, "../../..");
  const policy = readFileSync(join(root, "infra/kubernetes/write-policy.yaml"), "utf8");
  const document = readFileSync(join(root, "docs/targets.md"), "utf8");
  const azure = azureRoleKindNames.flatMap((kind) => {
    const { address, parts } = azureRoleKinds[kind];
    return [address.variable, ...Object.values(parts).map(({ variable }) => variable)];
  });
  const others = Object.keys(dataFor("ledger", "carts")).filter((name) => /^(PG|COSMOS)/.test(name));
  const all = [...azure, ...others];

  expect(new Set(all).size).toBe(all.length);
  expect(all.filter((name) => !policy.includes(`"${name}"`))).toEqual([]);
  expect(all.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
});
