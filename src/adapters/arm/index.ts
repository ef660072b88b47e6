/** Azure Resource Manager: managed identities and their bindings, SQL servers, role assignments, and what their targets are. */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { AzureResources } from "../../ports/azureResources.ts";
import type { CosmosRoles } from "../../ports/cosmosRoles.ts";
import type { ManagedIdentities } from "../../ports/identities.ts";
import type { IdentityBindings } from "../../ports/identityBindings.ts";
import type { ManagedNamespaces } from "../../ports/managedNamespaces.ts";
import type { Turns } from "../../ports/registry.ts";
import type { RoleAssignments } from "../../ports/roleAssignments.ts";
import type { SqlServers } from "../../ports/sqlServers.ts";
import { throttles } from "../../telemetry/metrics.ts";
import { fail, inSpan, SpanKind } from "../../telemetry/spans.ts";
import type { Credential } from "../credential.ts";
import { removeUnused, sharedHttpClient } from "../httpClient.ts";
import { noticeRefusals } from "../refusals.ts";
import { createCaller } from "./caller.ts";
import { createCosmosRoles } from "./cosmosRoles.ts";
import { createManagedIdentities } from "./identities.ts";
import { createIdentityBindings } from "./identityBindings.ts";
import { createIdentityPace } from "./identityPace.ts";
import { createManagedNamespaces } from "./managedNamespaces.ts";
import { createPacer } from "./pacer.ts";
import { openPipeline } from "./pipeline.ts";
import { createRoleAssignments } from "./roleAssignments.ts";
import { createSqlServers } from "./sqlServers.ts";

export interface ArmOptions {
  readonly credential: Credential;
  readonly endpoint?: string;
  /** The token's scope; a sandbox keeps the real one although its endpoint differs. */
  readonly scope?: string;
  /** The interval between two identity writes in one subscription. */
  readonly identityWriteIntervalMs?: number;
  /** Shares that interval with the other instances of the service; without it, this instance paces itself alone. */
  readonly turns?: Turns;
  /** How long one call may take. */
  readonly timeoutMs?: number;
  /** How long a call waits out Azure's Retry-After before it leaves the retry to the durable runtime. */
  readonly patienceMs?: number;
}

export interface Arm {
  readonly identities: ManagedIdentities;
  readonly identityBindings: IdentityBindings;
  readonly managedNamespaces: ManagedNamespaces;
  readonly sqlServers: SqlServers;
  readonly roleAssignments: RoleAssignments;
  readonly azureResources: AzureResources;
  readonly cosmosRoles: CosmosRoles;
}

/**
 * ARM allows a principal a burst of 250 reads in a subscription and 25 reads a second (learn.microsoft.com "Understand how
 * Azure Resource Manager throttles requests"). Identities, which have their own pace, use up to 15 of these.
 */
const callsOfWrite = 5;
const mostAtOnce = 200;

export function createArm({
  credential,
  endpoint = "https://management.azure.com",
  scope = "https://management.azure.com/.default",
  identityWriteIntervalMs = 500,
  turns,
  timeoutMs = 30_000,
  patienceMs = 5_000,
}: ArmOptions): Arm {
  const forgetting: (() => void)[] = [];
  const policies = [
    traceRequests(),
    noticeRefusals(credential, () => {
      for (const forget of forgetting) forget();
    }),
  ];
  // caller.ts and the durable runtime retry.
  const options = {
    endpoint,
    credentialScopes: scope,
    retryOptions: { maxRetries: 0 },
    additionalPolicies: policies.map((policy) => ({ position: "perRetry" as const, policy })),
  };
  const calls = createPacer({ intervalMs: identityWriteIntervalMs / callsOfWrite, burst: mostAtOnce });
  const caller = createCaller({ timeoutMs, patienceMs, usualTurn: () => calls.slot("calls") });
  const pace = createIdentityPace({ writeIntervalMs: identityWriteIntervalMs, turns });

  /** Creates a client once and keeps it until its token is refused. */
  function kept<Key, Client>(create: (key: Key) => Promise<Client>): (key: Key) => Promise<Client> {
    const clients = new Map<Key, Promise<Client>>();
    forgetting.push(() => clients.clear());
    return (key) => {
      const client = clients.get(key) ?? create(key);
      clients.set(key, client);
      return client;
    };
  }
  const pipelineOf = kept((tokenScope: string) => openPipeline({ credential, scope: tokenScope, policies }));
  const rest = { caller, endpoint, pipeline: () => pipelineOf(scope) };
  return {
    identities: createManagedIdentities({
      caller: createCaller({ timeoutMs, patienceMs, onThrottle: pace.onThrottle }),
      pace,
      clientFor: kept(async (subscriptionId: string) => {
        const [sdk, httpClient] = await Promise.all([import("@azure/arm-msi"), sharedHttpClient()]);
        const client = new sdk.ManagedServiceIdentityClient(credential, subscriptionId, { ...options, httpClient });
        removeUnused(client.pipeline);
        return client;
      }),
    }),
    sqlServers: createSqlServers({
      caller,
      // Imported on first use: it is the largest SDK, and only preflight needs it.
      clientFor: kept(async (subscriptionId: string) => {
        const [sdk, httpClient] = await Promise.all([import("@azure/arm-sql"), sharedHttpClient()]);
        const client = new sdk.SqlManagementClient(credential, subscriptionId, { ...options, httpClient });
        removeUnused(client.pipeline);
        return client;
      }),
    }),
    identityBindings: createIdentityBindings(rest),
    managedNamespaces: createManagedNamespaces(rest),
    ...createRoleAssignments(rest),
    cosmosRoles: createCosmosRoles(rest),
  };
}

/** A span for every request to Azure Resource Manager. Its name and attributes have the resource type, but no URL, body or token. */
function traceRequests(): PipelinePolicy {
  return {
    name: "traceRequests",
    sendRequest(request, next) {
      const { hostname, pathname } = new URL(request.url);
      const type = resourceTypeOf(pathname);
      const attributes = {
        "http.request.method": request.method,
        "server.address": hostname,
        "azure.resource_provider.namespace": type.split("/")[0],
        "mooring.resource_type": type,
      };
      return inSpan(`ARM ${request.method} ${type}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
        const response = await next(request);
        const { status, headers } = response;
        span.setAttribute("http.response.status_code", status);
        // Microsoft support asks for it.
        const requestId = headers.get("x-ms-request-id");
        if (requestId !== undefined) span.setAttribute("azure.service.request.id", requestId);
        if (status === 429) throttles.add(1, { service: "arm" });
        // Looking for a missing resource is not a failure.
        if (status >= 400 && status !== 404) fail(span, String(status));
        return response;
      });
    },
  };
}

/** `…/providers/Microsoft.Sql/servers/<name>/databases` is `Microsoft.Sql/servers/databases`. */
function resourceTypeOf(path: string): string {
  const [provider, ...rest] = path.split("/providers/").at(-1)?.split("/").filter(Boolean) ?? [];
  if (!path.includes("/providers/") || provider === undefined) return "Microsoft.Resources";
  return [provider, ...rest.filter((_, index) => index % 2 === 0)].join("/");
}
