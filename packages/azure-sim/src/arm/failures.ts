/** Error responses of Azure Resource Manager (learn.microsoft.com "Troubleshoot common Azure deployment errors"). */
import type { ErrorEffect, HttpReply } from "../httpServer.ts";

export class ArmFailure extends Error {
  override readonly name = "ArmFailure";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const failures = {
  badRequest: (message: string) =>
    // The identity provider uses one code for all of these.
    new ArmFailure(400, "BadRequest", `The request format was unexpected: ${message}`),
  invalidContent: (message: string) =>
    new ArmFailure(
      400,
      "InvalidRequestContent",
      `The request content was invalid and could not be deserialized: '${message}'.`,
    ),
  missingApiVersion: () =>
    new ArmFailure(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    ),
  invalidApiVersion: (version: string, supported: readonly string[]) =>
    new ArmFailure(
      400,
      "InvalidApiVersionParameter",
      `The api-version '${version}' is invalid. The supported versions are '${supported.join(",")}'.`,
    ),
  unknownType: (type: string) =>
    new ArmFailure(404, "InvalidResourceType", `The resource type '${type}' could not be found.`),
  methodNotAllowed: (method: string, type: string) =>
    new ArmFailure(405, "HttpMethodNotAllowed", `The requested resource type '${type}' does not support '${method}'.`),
  unknownSubscription: (id: string) =>
    new ArmFailure(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`),
  unknownGroup: (name: string) =>
    new ArmFailure(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`),
  notFound: (type: string, name: string, resourceGroup: string) =>
    new ArmFailure(
      404,
      "ResourceNotFound",
      `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    ),
  parentNotFound: (action: string, type: string, parentId: string) =>
    new ArmFailure(
      404,
      "ParentResourceNotFound",
      `Failed to perform '${action}' on resource(s) of type '${type}', because the parent resource '${parentId}' could not be found.`,
    ),
  wrongLocation: (name: string, there: string, asked: string) =>
    new ArmFailure(
      409,
      "InvalidResourceLocation",
      `The resource '${name}' already exists in location '${there}'. A resource with the same name cannot be created in location '${asked}'. Please select a new resource name.`,
    ),
  unknownProvider: (namespace: string) =>
    new ArmFailure(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`),
  wrongGroupLocation: (name: string, there: string) =>
    new ArmFailure(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location. The Resource group '${name}' already exists in location '${there}'.`,
    ),
  nameTaken: (name: string) =>
    new ArmFailure(409, "NameAlreadyExists", `The name '${name}' already exists. Choose a different name.`),
  unknownRole: (name: string) =>
    new ArmFailure(
      404,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${name}' does not exist.`,
    ),
  roleNameTaken: (name: string) =>
    new ArmFailure(
      409,
      "RoleDefinitionWithSameNameExists",
      `A custom role with the same name already exists in this directory. Use a different name: '${name}'.`,
    ),
  roleInUse: (name: string) =>
    new ArmFailure(
      400,
      "RoleDefinitionHasAssignments",
      `There are existing role assignments referencing role (code: ${name}).`,
    ),
  assignmentFixed: () =>
    new ArmFailure(
      400,
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    ),
  assignmentExists: () => new ArmFailure(409, "RoleAssignmentExists", "The role assignment already exists."),
  cosmosAssignmentExists: (name: string) =>
    new ArmFailure(409, "Conflict", `A role assignment with the same principal, role and scope exists: [${name}].`),
  accountIsBusy: (account: string) =>
    new ArmFailure(
      412,
      "PreconditionFailed",
      `There is another user operation in progress which requires an exclusive lock on [${account}]. Please retry after sometime.`,
    ),
  assignmentLimit: () =>
    new ArmFailure(
      400,
      "RoleAssignmentLimitExceeded",
      "The role assignment limit for the subscription has been reached. No more role assignments can be created.",
    ),
  unknownPrincipal: (principalId: string, tenantId: string) =>
    new ArmFailure(
      400,
      "PrincipalNotFound",
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${tenantId}. Check that you have the correct principal ID.`,
    ),
  locked: (action: string, scope: string, lock: string) =>
    new ArmFailure(
      409,
      "ScopeLocked",
      `The scope '${scope}' cannot perform ${action} operation because following scope(s) are locked: '${lock}'. Please remove the lock and try again.`,
    ),
  notAssignable: (action: string, scope: string) =>
    new ArmFailure(
      403,
      "AuthorizationFailed",
      `The client does not have authorization to perform action '${action}' over scope '${scope}', because a condition on its role assignment does not hold.`,
    ),
  concurrentWrites: (identityId: string) =>
    new ArmFailure(
      409,
      "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      `Too many Federated Identity Credentials are written concurrently for the managed identity '${identityId}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
    ),
  throttled: (what: string, seconds: number) =>
    new ArmFailure(
      429,
      "TooManyRequests",
      `Number of requests for ${what} exceeded the limit. Please try again after '${seconds}' seconds.`,
      { "retry-after": String(seconds) },
    ),
} as const;

export function armReply({ status, code, message, headers }: ArmFailure): HttpReply {
  return { status, headers, body: { error: { code, message } } };
}

/** The code for a test that names only a status, and the status for one that names only a code. */
const usualCodes = new Map<number, string>([
  [400, "BadRequest"],
  [401, "InvalidAuthenticationToken"],
  [403, "AuthorizationFailed"],
  [404, "ResourceNotFound"],
  [409, "Conflict"],
  [412, "PreconditionFailed"],
  [429, "TooManyRequests"],
  [500, "InternalServerError"],
  [502, "BadGateway"],
  [503, "ServiceUnavailable"],
  [504, "GatewayTimeout"],
]);

export function scripted(effect: ErrorEffect): HttpReply {
  const { code, message = "Scripted fault.", retryAfterSeconds } = effect;
  const status = effect.status ?? (typeof code === "number" ? code : usualStatus(code));
  const name = typeof code === "number" ? (usualCodes.get(code) ?? String(code)) : code;
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return armReply(new ArmFailure(status, name, message, headers));
}

function usualStatus(code: string): number {
  for (const [status, usual] of usualCodes) if (usual === code) return status;
  return 400;
}
