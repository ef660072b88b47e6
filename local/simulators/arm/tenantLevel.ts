/** What clients read before they know a subscription: the cloud's endpoints, tenants, subscriptions, and one's resource groups. */
import type { HttpReply } from "../httpServer.ts";
import type { World } from "../world.ts";
import { failures } from "./failures.ts";
import { isSame } from "./resourcePath.ts";

export interface TenantLevel {
  /** `Microsoft.Resources/subscriptions` */
  readonly type: string;
  /** Needs no token. */
  readonly isPublic?: true;
  /** `isMember`: whether the caller has a role in the subscriptions. */
  run(caller: { readonly isMember: boolean }): HttpReply;
}

/** Undefined for other paths. */
export function findTenantLevel(
  world: World,
  { pathname, authorityHost }: { pathname: string; authorityHost: string },
): TenantLevel | undefined {
  const [first = "", id, second, ...more] = pathname.toLowerCase().split("/").filter(Boolean);
  if (more.length > 0) return undefined;
  if (first === "metadata" && id === "endpoints" && second === undefined) return endpoints(authorityHost);
  if (first === "tenants" && id === undefined) return tenants(world);
  if (first !== "subscriptions") return undefined;
  if (id === undefined) return subscriptions(world);
  if (second === undefined) return subscription(world, id);
  return second === "resourcegroups" ? groups(world, id) : undefined;
}

/** In the form of https://management.azure.com/metadata/endpoints?api-version=2015-01-01, from which Azure CLI registers a cloud. */
function endpoints(authorityHost: string): TenantLevel {
  const authentication = { loginEndpoint: authorityHost, audiences: ["https://management.azure.com/"] };
  const body = {
    galleryEndpoint: "https://gallery.azure.com/",
    graphEndpoint: "https://graph.windows.net/",
    portalEndpoint: "https://portal.azure.com/",
    authentication,
  };
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
        .map(({ name, location }) => ({
          id: `/subscriptions/${id}/resourceGroups/${name}`,
          name,
          type: "Microsoft.Resources/resourceGroups",
          location,
          properties: { provisioningState: "Succeeded" },
        }));
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
