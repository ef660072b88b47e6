/** Authorization: a valid bearer token, and one custom role at the root, assigned to the authorised principals. */
import { checkAccessToken } from "../entra/accessTokens.ts";
import { findPrincipal, type World } from "../world.ts";
import { ArmFailure } from "./failures.ts";
import { partTypes, targetTypes } from "./targets.ts";

/** The public cloud's documented audiences. */
const audiences = [
  "https://management.core.windows.net/",
  "https://management.core.windows.net",
  "https://management.azure.com/",
  "https://management.azure.com",
];

/** The role's actions by default. */
export const defaultActions: readonly string[] = [
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.ManagedIdentity/userAssignedIdentities/read",
  "Microsoft.ManagedIdentity/userAssignedIdentities/write",
  "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
  "Microsoft.ContainerService/managedClusters/read",
  "Microsoft.ContainerService/managedClusters/identityBindings/read",
  "Microsoft.ContainerService/managedClusters/identityBindings/write",
  "Microsoft.ContainerService/managedClusters/identityBindings/delete",
  "Microsoft.ContainerService/managedClusters/managedNamespaces/read",
  "Microsoft.ContainerService/managedClusters/managedNamespaces/write",
  "Microsoft.ContainerService/locations/operations/read",
  "Microsoft.Authorization/*/read",
  "Microsoft.Authorization/roleAssignments/write",
  "Microsoft.Authorization/roleAssignments/delete",
  ...[...targetTypes, ...partTypes].map(({ type }) => `${type}/read`),
  ...["read", "write", "delete"].map((verb) => `Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/${verb}`),
  "Microsoft.DocumentDB/locations/operationsStatus/read",
  "Microsoft.Sql/servers/read",
  "Microsoft.Sql/servers/databases/read",
  "Microsoft.Sql/servers/firewallRules/read",
  "Microsoft.Sql/servers/administrators/read",
  "Microsoft.Sql/servers/administrators/write",
  "Microsoft.Sql/servers/administrators/delete",
  "Microsoft.Sql/locations/administratorAzureAsyncOperation/read",
  "Microsoft.Sql/locations/administratorOperationResults/read",
];

const verbs = new Map([
  ["GET", "read"],
  ["PUT", "write"],
  ["PATCH", "write"],
  ["DELETE", "delete"],
  ["HEAD", "read"],
  ["POST", "action"],
]);

export function actionFor(method: string, type: string): string {
  const isGroup = type.toLowerCase() === "microsoft.resources/resourcegroups";
  const resource = isGroup ? "Microsoft.Resources/subscriptions/resourceGroups" : type;
  return `${resource}/${verbs.get(method) ?? method.toLowerCase()}`;
}

/** Who may do what. */
export interface Rights {
  /** Client ids that have the role; by default every service principal of the world and no managed identity. */
  readonly authorized?: ReadonlySet<string>;
  /** Client ids that may do everything. */
  readonly owners?: ReadonlySet<string>;
  /** The role's actions; by default all that this simulator checks. */
  readonly actions?: readonly string[];
}

export async function authenticate(world: World, header: string | undefined): Promise<string> {
  const token = /^Bearer (.+)$/i.exec(header ?? "")?.[1];
  if (!token) {
    throw unauthorized("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.");
  }
  const check = await checkAccessToken(world, token, audiences);
  switch (check.outcome) {
    case "valid":
      if (findPrincipal(world, check.clientId)) return check.clientId;
      throw unauthorized("InvalidAuthenticationToken", "The access token's principal is not in the directory.");
    case "expired":
      throw unauthorized(
        "ExpiredAuthenticationToken",
        `The access token expiry UTC time '${check.expiredAt.toISOString()}' is earlier than current UTC time '${world.now().toISOString()}'.`,
      );
    case "wrongAudience":
      throw unauthorized(
        "InvalidAuthenticationTokenAudience",
        `The access token has been obtained for wrong audience or resource '${check.audience}'. It should exactly match with one of the allowed audiences '${audiences.join("','")}'.`,
      );
    case "invalid":
      throw unauthorized("InvalidAuthenticationToken", "The access token is invalid.");
  }
}

export function authorize(
  world: World,
  clientId: string,
  {
    action,
    scope,
    authorized,
    actions,
  }: { action: string; scope: string; authorized: ReadonlySet<string> | undefined; actions: readonly string[] },
): void {
  // Without a list, every service principal has the role, and no managed identity.
  const isMember = authorized ? authorized.has(clientId) : world.servicePrincipals.has(clientId);
  if (isMember && actions.some((allowed) => allows(allowed, action))) return;
  throw new ArmFailure(
    403,
    "AuthorizationFailed",
    `The client '${clientId}' with object id '${findPrincipal(world, clientId)?.principalId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** `*` stands for anything, and case does not count. */
function allows(allowed: string, action: string): boolean {
  const parts = allowed.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
}

function unauthorized(code: string, message: string): ArmFailure {
  return new ArmFailure(401, code, message, {
    "www-authenticate": `Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="${message.replaceAll('"', "'")}"`,
  });
}
