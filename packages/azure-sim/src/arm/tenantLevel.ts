/** What clients read before they know a resource: the cloud's endpoints, tenants, subscriptions, and what is in one. */
import type { HttpReply, HttpRequest } from "../httpServer.ts";
import type { World } from "../world.ts";
import { authenticate, type Rights } from "./authorization.ts";
import { failures } from "./failures.ts";
import { listLocations, listProviders, listResources, type Provider } from "./inventory.ts";
import { describeGroup } from "./resourceGroups.ts";
import { isSame } from "./resourcePath.ts";
import type { ResourceType } from "./resources.ts";

export interface TenantLevel {
  /** `Microsoft.Resources/subscriptions` */
  readonly type: string;
  /** Needs no token. */
  readonly isPublic?: true;
  /** `isMember`: whether the caller has a role in the subscriptions. */
  run(caller: { readonly isMember: boolean }): HttpReply;
}

interface Environment {
  readonly world: World;
  readonly authorityHost: string;
  readonly types: readonly ResourceType[];
}

/** Undefined for other paths. */
export function findTenantLevel(environment: Environment, { method, url }: HttpRequest): TenantLevel | undefined {
  // Every provider here is registered: registering one again answers like reading it.
  const [, provider] = /^(\/subscriptions\/[^/]+\/providers\/[^/]+)\/register$/i.exec(url.pathname) ?? [];
  if (method === "POST" && provider !== undefined) return levelAt(environment, new URL(provider, url));
  return method === "GET" ? levelAt(environment, url) : undefined;
}

export async function answerTenantLevel(
  { world, rights }: { readonly world: World; readonly rights: Rights },
  { url, headers }: HttpRequest,
  level: TenantLevel,
): Promise<HttpReply> {
  if (level.isPublic) return level.run({ isMember: false });
  const clientId = await authenticate(world, headers.authorization);
  if (!url.searchParams.get("api-version")) throw failures.missingApiVersion();
  const isMember = rights.authorized?.has(clientId) ?? world.servicePrincipals.has(clientId);
  return level.run({ isMember: isMember || (rights.owners?.has(clientId) ?? false) });
}

function levelAt({ world, authorityHost, types }: Environment, url: URL): TenantLevel | undefined {
  const [first = "", id, second, third, fourth, ...more] = url.pathname.toLowerCase().split("/").filter(Boolean);
  if (more.length > 0) return undefined;
  if (first === "metadata" && id === "endpoints" && second === undefined) return endpoints(url, authorityHost);
  if (first === "tenants" && id === undefined) return tenants(world);
  if (first !== "subscriptions") return undefined;
  if (id === undefined) return subscriptions(world);
  const inSubscription = (type: string, list: () => readonly object[]): TenantLevel => ({
    type: `Microsoft.Resources/subscriptions/${type}`,
    run({ isMember }) {
      if (!isMember || !world.subscriptionIds.has(id)) throw failures.unknownSubscription(id);
      return { status: 200, body: { value: list() } };
    },
  });
  const filter = url.searchParams.get("$filter");
  if (second === undefined) return subscription(world, id);
  if (second === "resourcegroups" && third === undefined) return groups(world, id);
  if (second === "resourcegroups" && fourth === "resources")
    return inSubscription("resources", () => listResources(world, { subscriptionId: id, group: third, filter }));
  if (second === "resources" && third === undefined)
    return inSubscription("resources", () => listResources(world, { subscriptionId: id, group: undefined, filter }));
  if (second === "locations" && third === undefined) return inSubscription("locations", () => listLocations(id));
  if (second !== "providers" || fourth !== undefined) return undefined;
  const providers = listProviders(id, types);
  if (third === undefined) return inSubscription("providers", () => providers);
  return provider(providers, third);
}

function provider(providers: readonly Provider[], namespace: string): TenantLevel {
  return {
    type: "Microsoft.Resources/subscriptions/providers",
    run() {
      const found = providers.find((each) => isSame(each.namespace, namespace));
      if (!found) throw failures.unknownProvider(namespace);
      return { status: 200, body: found };
    },
  };
}

/**
 * https://management.azure.com/metadata/endpoints, from which Azure CLI registers a cloud: one cloud in its old form, a list
 * of them since 2019.
 */
function endpoints(url: URL, authorityHost: string): TenantLevel {
  const authentication = { loginEndpoint: authorityHost, audiences: ["https://management.azure.com/"] };
  const old = {
    galleryEndpoint: "https://gallery.azure.com/",
    graphEndpoint: "https://graph.windows.net/",
    portalEndpoint: "https://portal.azure.com/",
    authentication,
  };
  const cloud = {
    name: "sandbox",
    portal: old.portalEndpoint,
    authentication: { ...authentication, tenant: "common", identityProvider: "AAD" },
    graph: old.graphEndpoint,
    graphAudience: old.graphEndpoint,
    gallery: old.galleryEndpoint,
    resourceManager: `${url.origin}/`,
    sqlManagement: "https://management.core.windows.net:8443/",
    media: "https://rest.media.azure.net",
    batch: "https://batch.core.windows.net/",
    activeDirectoryDataLake: "https://datalake.azure.net/",
    microsoftGraphResourceId: "https://graph.microsoft.com/",
    vmImageAliasDoc:
      "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json",
    suffixes: {
      sqlServerHostname: "database.windows.net",
      storage: "core.windows.net",
      keyVaultDns: "vault.azure.net",
      acrLoginServer: "azurecr.io",
    },
  };
  const version = url.searchParams.get("api-version") ?? "";
  const body = version < "2019" ? old : version < "2022" ? [cloud] : cloud;
  return { type: "metadata/endpoints", isPublic: true, run: () => ({ status: 200, body }) };
}

function tenants({ tenantId }: World): TenantLevel {
  const value = [{ id: `/tenants/${tenantId}`, tenantId, displayName: "sandbox", tenantCategory: "Home" }];
  const type = "Microsoft.Resources/tenants";
  return { type, run: () => ({ status: 200, body: { value } }) };
}

/** A caller without a role sees no subscriptions. */
function subscriptions(world: World): TenantLevel {
  const type = "Microsoft.Resources/subscriptions";
  const value = [...world.subscriptionIds].map((id) => describe(world, id));
  return {
    type,

    run: ({ isMember }) => ({ status: 200, body: { value: isMember ? value : [] } }),
  };
}

function subscription(world: World, id: string): TenantLevel {
  const type = "Microsoft.Resources/subscriptions";
  return {
    type,

    run({ isMember }) {
      if (!isMember || !world.subscriptionIds.has(id)) throw failures.unknownSubscription(id);
      return { status: 200, body: describe(world, id) };
    },
  };
}

function groups(world: World, id: string): TenantLevel {
  const type = "Microsoft.Resources/subscriptions/resourceGroups";
  return {
    type,

    run({ isMember }) {
      if (!isMember || !world.subscriptionIds.has(id)) throw failures.unknownSubscription(id);
      const value = [...world.resourceGroups.values()]
        .filter(({ subscriptionId = id }) => isSame(subscriptionId, id))
        .map((group) => describeGroup(id, group));
      return { status: 200, body: { value } };
    },
  };
}

function describe({ tenantId }: World, subscriptionId: string) {
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: "sandbox",
    state: "Enabled",
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionPolicies: { quotaId: "PayAsYouGo_2014-09-01", spendingLimit: "Off" },
  };
}
