/** The template's rights and settings match the code's needs: none is missing, and none is unused. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { readRights } from "../../sandbox/rights.ts";
import { loadConfig } from "../../src/config.ts";
import { Limits } from "../../src/domain/access/access.ts";
import { maxBatchBytes } from "../../src/domain/operation/batch.ts";
import { allowedValues } from "./support/allowedValues.ts";
import { type Deployment, type Resource, readDeployment, readDeployments, valuesAt } from "./support/snapshots.ts";

const root = dirname(dirname(import.meta.dirname));
const all = await readDeployments();
/** The deployments of Mooring itself. */
const deployments = all.filter(({ name }) => name !== "sample");
const scheduler = await readDeployment("scheduler");
const storage = await readDeployment("storage");
const behindEndpoints = await readDeployment("private");

const ofType = ({ predictedResources }: Deployment, type: string): readonly Resource[] =>
  predictedResources.filter((resource) => resource.type === type);

function settingsOf(deployment: Deployment): Readonly<Record<string, unknown>> {
  const [settings] = ofType(deployment, "Microsoft.Web/sites/config").filter(({ name }) =>
    name.endsWith("/appsettings"),
  );
  return settings?.properties ?? {};
}

/** Every setting that the code looks up. */
function settingsThatTheCodeReads(): readonly string[] {
  const read = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    {},
    {
      get(_, name) {
        if (typeof name === "string") read.add(name);
        return undefined;
      },
    },
  );
  // Without them it cannot start, and says so.
  expect(() => loadConfig(environment)).toThrow("is not set");
  return [...read].sort();
}

it.each(all)("writes only values that Azure knows: $name", (deployment) => {
  const wrong = allowedValues.flatMap(({ type, path, values }) =>
    ofType(deployment, type)
      .flatMap((resource) => valuesAt(resource, path))
      .filter((value) => !values.some((allowed) => allowed === value))
      .map((value) => `${type} ${path}: ${value}`),
  );

  expect(wrong).toEqual([]);
});

it("checks every row of that table in some deployment", () => {
  const resources = all.flatMap(({ predictedResources }) => predictedResources);
  const unseen = allowedValues.filter(
    ({ type, path }) => !resources.some((resource) => resource.type === type && valuesAt(resource, path).length > 0),
  );

  expect(unseen).toEqual([]);
});

/** Settings whose default is right in Azure, or that must not be set there. */
const leftAlone = [
  "MOORING_ALLOW_ANONYMOUS",
  "MOORING_ARM_WRITES_PER_SECOND",
  "MOORING_CALL_TIMEOUT_MS",
  "MOORING_INDEX_SECONDS",
  "MOORING_IDEMPOTENCY_ROW_HOURS",
  "MOORING_INSTALLATION_ID",
  "MOORING_KUBERNETES_SCOPE",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_METRIC_EXPORT_INTERVAL",
  "OTEL_SDK_DISABLED",
  "OTEL_TRACES_SAMPLER",
  "ServiceBusConnection__customEndpointAddress",
];

/** Settings that are set only when the operator gives a value, and otherwise have a default. */
const whereAsked = ["MOORING_DASHBOARD_CLIENT_ID", "MOORING_DASHBOARD_LINKS", "MOORING_TRACE_URL"];
const isAsked = ({ name }: Deployment) => name === "storage";

/** Settings that the host, its extensions and the identity library read. */
const ofTheHost: Readonly<Record<string, (deployment: Deployment) => boolean>> = {
  AZURE_TOKEN_CREDENTIALS: () => true,
  AzureWebJobsStorage__blobServiceUri: () => true,
  AzureWebJobsStorage__clientId: () => true,
  AzureWebJobsStorage__credential: () => true,
  AzureWebJobsStorage__queueServiceUri: ({ name }) => name === "storage",
  AzureWebJobsStorage__tableServiceUri: () => true,
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: ({ name }) => name !== "storage",
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: () => true,
  languageWorkers__node__arguments: () => true,
  ServiceBusConnection__clientId: () => true,
  ServiceBusConnection__credential: () => true,
};

it.each(deployments)("sets exactly the settings that are read: $name", (deployment) => {
  const needed = settingsThatTheCodeReads().filter(
    (name) => !leftAlone.includes(name) && (isAsked(deployment) || !whereAsked.includes(name)),
  );
  const host = Object.keys(ofTheHost).filter((name) => ofTheHost[name]?.(deployment));

  expect(needed.length).toBeGreaterThan(5);
  expect(Object.keys(settingsOf(deployment)).sort()).toEqual([...needed, ...host].sort());
});

it("lists no setting as left alone that the code does not read", () => {
  expect(settingsThatTheCodeReads()).toEqual(expect.arrayContaining(leftAlone));
});

it("gives the code settings that it accepts, once Azure has filled them in", () => {
  const settings = Object.fromEntries(
    Object.entries(settingsOf(scheduler)).map(([name, value]) => [name, fillIn(String(value))]),
  );

  expect(loadConfig(settings)).toMatchObject({
    MOORING_ARM_ENDPOINT: "https://management.azure.com",
    MOORING_ARM_SCOPE: "https://management.azure.com/.default",
    MOORING_SQL_SCOPE: "https://database.windows.net/.default",
    MOORING_TABLES_ENDPOINT: expect.stringMatching(/^https:\/\/stmooring\w+\.table\.core\.windows\.net\/$/),
    MOORING_ALLOW_ANONYMOUS: false,
    MOORING_HISTORY_DAYS: 30,
  });
});

it("passes the operator's settings to the dashboard", () => {
  const settings = Object.fromEntries(
    Object.entries(settingsOf(storage)).map(([name, value]) => [name, fillIn(String(value))]),
  );

  expect(loadConfig(settings)).toMatchObject({
    MOORING_DASHBOARD_CLIENT_ID: "00000000-0000-4000-8000-000000000005",
    MOORING_DASHBOARD_LINKS: [{ name: "Runbook", url: "https://runbook.example.org" }],
    MOORING_TRACE_URL: "https://tracing.example.org/trace/{traceId}",
  });
});

/** The public cloud's values for the few expressions that only Azure can evaluate. */
function fillIn(value: string): string {
  if (!value.startsWith("[")) return value;
  if (value.includes("outputs.host")) return "sb-mooring.servicebus.windows.net";
  if (value.includes("userAssignedIdentities")) return "00000000-0000-4000-8000-000000000009";
  if (value.includes("sqlServerHostname")) return "https://database.windows.net/.default";
  if (value.includes("/.default")) return "https://management.azure.com/.default";
  if (value.includes("resourceManager")) return "https://management.azure.com";
  const account = /stmooring\w+/.exec(value)?.[0];
  return account ? `https://${account}.table.core.windows.net/` : value;
}

const roles = {
  blobs: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
  queues: "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
  tables: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
  receiver: "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
  sender: "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
  telemetry: "3913510d-42f4-4e42-8a64-420c390055eb",
  taskHub: "0ad04412-c4d5-4796-b79c-f76d14c8d402",
};

/** The built-in roles of Mooring's identity, with the last two parts of each role's scope. */
function rolesGiven(deployment: Deployment): readonly string[] {
  return ofType(deployment, "Microsoft.Authorization/roleAssignments")
    .filter(({ properties }) => properties["principalType"] === "ServicePrincipal")
    .filter(({ properties }) => String(properties["roleDefinitionId"]).startsWith("/subscriptions/"))
    .map(({ id, properties }) => {
      const scope = /^\[extensionResourceId\('([^']+)'/.exec(id)?.[1]?.split("/").slice(-2, -1) ?? [];
      return `${String(properties["roleDefinitionId"]).split("/").at(-1)} on ${scope.join()}`;
    })
    .sort();
}

it.each(deployments)("grants the roles that the settings need, each on its own resource: $name", (deployment) => {
  const settings = settingsOf(deployment);
  const needed = [
    [roles.blobs, "storageAccounts", settings["AzureWebJobsStorage__blobServiceUri"]],
    [roles.queues, "storageAccounts", settings["AzureWebJobsStorage__queueServiceUri"]],
    [roles.tables, "storageAccounts", settings["MOORING_TABLES_ENDPOINT"]],
    [roles.receiver, "queues", settings["ServiceBusConnection__fullyQualifiedNamespace"]],
    [roles.sender, "topics", settings["ServiceBusConnection__fullyQualifiedNamespace"]],
    [roles.telemetry, "components", settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]],
    [roles.taskHub, "taskHubs", settings["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"]],
  ].flatMap(([role, scope, setting]) => (setting === undefined ? [] : [`${role} on ${scope}`]));

  expect(rolesGiven(deployment)).toEqual(needed.sort());
});

it.each(deployments)(
  "grants the actions that the sandbox enforces, in two roles or three: $name",
  async (deployment) => {
    const { actions, administratorActions } = await readRights();
    // Only one of these catalogs gives a server its administrator.
    const setsAdministrator = deployment.name === "storage" || deployment.name === "private";

    const definitions = ofType(deployment, "Microsoft.Authorization/roleDefinitions");
    const given = definitions.flatMap((definition) => valuesAt(definition, "properties.permissions[].actions[]"));

    expect(definitions.length).toBe(setsAdministrator ? 3 : 2);
    expect(new Set(given)).toEqual(new Set([...actions, ...(setsAdministrator ? administratorActions : [])]));
  },
);

it("grants rights on what the catalog names, with each scope once per role", () => {
  const scopes = ofType(storage, "Microsoft.Authorization/roleAssignments")
    .filter(({ properties }) => String(properties["roleDefinitionId"]).startsWith("/providers/"))
    .map(({ id }) => /guid\('([^']+)'/.exec(id)?.[1]);

  expect(scopes.toSorted()).toEqual([
    "/subscriptions/00000000-0000-4000-8000-000000000003",
    "/subscriptions/00000000-0000-4000-8000-000000000003/resourceGroups/mc_rg-first_first_westeurope",
    // Once to read it, and once to set its administrator, which the catalog gives.
    "/subscriptions/00000000-0000-4000-8000-000000000003/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-orders",
    "/subscriptions/00000000-0000-4000-8000-000000000003/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-orders",
    "/subscriptions/00000000-0000-4000-8000-000000000003/resourceGroups/rg-identities",
    "/subscriptions/00000000-0000-4000-8000-000000000007",
    "/subscriptions/00000000-0000-4000-8000-000000000007/resourceGroups/rg-archive/providers/Microsoft.Sql/servers/sql-archive",
    "/subscriptions/00000000-0000-4000-8000-000000000007/resourceGroups/rg-identities",
  ]);
});

it("creates the registry's tables, the queue and the topic", async () => {
  const folder = join(root, "src/adapters/registry");
  const sources = await Promise.all(
    (await readdir(folder, { recursive: true }))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFile(join(folder, file), "utf8")),
  );
  const opened = new Set(sources.flatMap((source) => source.match(/"Mooring[A-Z]\w+"/g) ?? []));
  const made = ofType(scheduler, "Microsoft.Storage/storageAccounts/tableServices/tables");
  const last = ({ name }: Resource) => name.split("/").at(-1);

  expect(made.map(last).toSorted()).toEqual([...opened].map((name) => name.slice(1, -1)).toSorted());
  expect(ofType(scheduler, "Microsoft.ServiceBus/namespaces/queues").map(last)).toEqual(["onboarding-requests"]);
  expect(ofType(scheduler, "Microsoft.ServiceBus/namespaces/topics").map(last)).toEqual(["onboarding-events"]);
});

it.each(deployments)("has no key, password or local authentication anywhere: $name", (deployment) => {
  const [account] = ofType(deployment, "Microsoft.Storage/storageAccounts");
  const [namespace] = ofType(deployment, "Microsoft.ServiceBus/namespaces");
  const [insights] = ofType(deployment, "Microsoft.Insights/components");
  const publishing = ofType(deployment, "Microsoft.Web/sites/basicPublishingCredentialsPolicies");
  const text = JSON.stringify(deployment.predictedResources);

  expect(account?.properties).toMatchObject({ allowSharedKeyAccess: false, allowBlobPublicAccess: false });
  expect(namespace?.properties).toMatchObject({ disableLocalAuth: true });
  expect(insights?.properties).toMatchObject({ DisableLocalAuth: true });
  expect(publishing.map(({ properties }) => properties)).toEqual([{ allow: false }, { allow: false }]);
  expect(text.match(/listKeys|AccountKey|SharedAccessKey|password|secret/i)).toBeNull();
});

it("leaves nothing publicly accessible when networking is private", () => {
  const open = [
    "Microsoft.Storage/storageAccounts",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.DurableTask/schedulers",
  ]
    .flatMap((type) => ofType(behindEndpoints, type))
    .map(({ type, properties }) => [type, properties["publicNetworkAccess"]]);
  const [app] = ofType(behindEndpoints, "Microsoft.Web/sites");
  const endpoints = ofType(behindEndpoints, "Microsoft.Network/privateEndpoints").flatMap((endpoint) =>
    valuesAt(endpoint, "properties.privateLinkServiceConnections[].properties.groupIds[]"),
  );

  expect(open.map(([, access]) => access)).toEqual(["Disabled", "Disabled", "Disabled"]);
  expect(valuesAt(app, "properties.siteConfig.ipSecurityRestrictionsDefaultAction")).toEqual(["Deny"]);
  expect(valuesAt(app, "properties.siteConfig.scmIpSecurityRestrictionsDefaultAction")).toEqual(["Deny"]);
  expect(JSON.stringify(behindEndpoints.predictedResources)).not.toContain("0.0.0.0/0");
  expect(endpoints.toSorted()).toEqual(
    ["blob", "queue", "table", "namespace", "scheduler", "sites", "sqlServer", "sqlServer"].toSorted(),
  );
  expect(valuesAt(ofType(behindEndpoints, "Microsoft.ServiceBus/namespaces")[0], "sku.name")).toEqual(["Premium"]);
});

it("turns on App Service authentication only if the catalog trusts its header", () => {
  const authentication = (deployment: Deployment) =>
    ofType(deployment, "Microsoft.Web/sites/config").filter(({ name }) => name.endsWith("/authsettingsV2"));

  expect(authentication(scheduler)).toEqual([]);
  expect(authentication(storage)[0]?.properties).toMatchObject({
    platform: { enabled: true },
    globalValidation: { requireAuthentication: true, unauthenticatedClientAction: "Return401" },
    identityProviders: {
      azureActiveDirectory: { registration: { clientId: "00000000-0000-4000-8000-000000000004" } },
    },
  });
});

it("has the host settings that docs/adr/0016 decides", async () => {
  const { healthMonitor, extensions } = JSON.parse(await readFile(join(root, "host.json"), "utf8"));

  expect(healthMonitor).toEqual({ enabled: true });
  expect(extensions.durableTask).toMatchObject({
    useGracefulShutdown: true,
    tracing: { distributedTracingEnabled: true, version: "V2" },
    storageProvider: { maxQueuePollingInterval: "00:00:02", controlQueueVisibilityTimeout: "00:01:00" },
  });
  // A message starts an orchestration, and the queue may start no more of these than requests over HTTP may.
  expect(extensions.serviceBus.maxConcurrentCalls).toBeLessThan(
    extensions.durableTask.maxConcurrentOrchestratorFunctions,
  );
});

/**
 * The level from which a category's lines are sent, by .NET's LoggerRuleSelector: a rule for the provider wins over one for all
 * providers, then the longest category. The host has provider rules of its own, without a level
 * (OpenTelemetryConfigurationExtensions.cs), so a rule for all providers says nothing about these categories.
 */
function sentFrom(category: string, { logLevel, OpenTelemetry = { logLevel: {} } }: LogSettings): string | undefined {
  const ofHost = ["Function.", "Azure.", "Host.Results", "Host.Aggregator", "Microsoft.Azure.WebJobs."];
  const ofProvider = [
    ...ofHost.map((prefix) => [prefix, undefined] as const),
    ...Object.entries(OpenTelemetry.logLevel),
  ];
  const find = (rules: readonly (readonly [string, string | undefined])[]) =>
    rules
      .filter(([prefix]) => prefix === "default" || category.startsWith(prefix))
      .toSorted(([one], [other]) => lengthOf(other) - lengthOf(one))[0];
  return (find(ofProvider) ?? find(Object.entries(logLevel)))?.[1];
}
const lengthOf = (prefix: string) => (prefix === "default" ? 0 : prefix.length);

interface LogSettings {
  readonly logLevel: Readonly<Record<string, string>>;
  readonly OpenTelemetry?: { readonly logLevel: Readonly<Record<string, string>> };
}

it.each([
  ["Azure.Core", "Warning"],
  ["Azure.Core.1", "Warning"],
  ["Azure.Messaging.ServiceBus", "Warning"],
  ["DurableTask.AzureStorage", "Warning"],
  ["DurableTask.Core", "Warning"],
  ["Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcFunctionInvocationDispatcher", "Information"],
  ["Host.Triggers.DurableTask", "Information"],
  ["Host.Startup", "Information"],
  // Everything that Mooring itself says.
  ["Function.createOnboarding.User", undefined],
])("sends the logs of each category from the level that docs/adr/0016 decides: %s", async (category, level) => {
  const { logging } = JSON.parse(await readFile(join(root, "host.json"), "utf8"));

  expect(sentFrom(category, logging)).toBe(level);
});

it("lets the app limit what an instance takes, not the host, and scales before the app has to", async () => {
  const [app] = ofType(scheduler, "Microsoft.Web/sites");
  const concurrency = valuesAt(
    app,
    "properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency",
  );
  const { extensions } = JSON.parse(await readFile(join(root, "host.json"), "utf8"));

  const { streams, changes } = Limits.parse({});
  // A request occupies one of the host's places while its body arrives, from anybody.
  expect(extensions.http).toMatchObject({ maxConcurrentRequests: -1, maxOutstandingRequests: -1 });
  // Leaves room for reads when streams and changes are at their limits.
  expect(concurrency).toEqual([100]);
  expect(streams.inAll + changes.inAll).toBeLessThanOrEqual(60);
  // The host keeps each body in memory before the app sees it.
  const limit = Number(settingsOf(scheduler)["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"]);
  expect([limit > maxBatchBytes, limit <= 1.1 * maxBatchBytes]).toEqual([true, true]);
});

it("lets the worker take every header that the host takes", () => {
  const { languageWorkers__node__arguments: given } = settingsOf(scheduler);
  const [, most] = /^--max-http-header-size=(\d+)$/.exec(String(given)) ?? [];

  // Kestrel's limit (KestrelServerLimits.cs), and what the host adds on the way to the worker.
  expect(Number(most)).toBeGreaterThanOrEqual(2 * 32_768);
});
