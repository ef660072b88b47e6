/** Azure Resource Manager over HTTPS: the few resource types that Mooring uses, with Azure's rules. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { World } from "../world.ts";
import { checkApiVersion } from "./apiVersions.ts";
import { actionFor, authenticate, authorize, defaultActions } from "./authorization.ts";
import { sqlRoleAssignments } from "./cosmos.ts";
import { ArmFailure, armReply, failures, scripted } from "./failures.ts";
import { federatedIdentityCredentials } from "./federatedCredentials.ts";
import { associatedResources, userAssignedIdentities } from "./identities.ts";
import { identityBindings } from "./identityBindings.ts";
import { createLimits } from "./limits.ts";
import { locks } from "./locks.ts";
import { createLongRunning } from "./longRunning.ts";
import { managedClusters } from "./managedClusters.ts";
import { managedNamespaces } from "./managedNamespaces.ts";
import { resourceGroups } from "./resourceGroups.ts";
import { isSame, parseResourcePath, type ResourcePath, resourceId } from "./resourcePath.ts";
import type { ResourceType } from "./resources.ts";
import { ownPermissions, roleAssignments, roleAssignmentUsage } from "./roleAssignments.ts";
import { roleDefinitions } from "./roleDefinitions.ts";
import { sqlTypes } from "./sql.ts";
import { partTypes, targetPart, targetResources, targetTypes } from "./targets.ts";
import { findTenantLevel, type TenantLevel } from "./tenantLevel.ts";
import { createWriteGate } from "./writeGate.ts";

export interface ArmOptions {
  readonly port?: number;
  /** Client ids that have the role; by default every service principal of the world and no managed identity. */
  readonly authorized?: ReadonlySet<string>;
  /** Client ids that may do everything. */
  readonly owners?: ReadonlySet<string>;
  /** The token authority that the cloud's endpoints name; Azure's own by default. */
  readonly authorityHost?: string;
  /** The role's actions; by default all that this simulator checks. */
  readonly actions?: readonly string[];
  /** GUIDs of the roles that a condition lets those who are not owners give to service principals; by default, any to anyone. */
  readonly assignableRoles?: ReadonlySet<string>;
  /** Answers 429 beyond the published limits. Off by default, so that tests of other things need not wait. */
  readonly enforceLimits?: boolean;
  /** How long writing a federated credential takes; until then, other writes under the same identity get 409. */
  readonly credentialWriteMs?: number;
  /** How long a long-running operation takes. */
  readonly operationMs?: number;
}

export interface ArmSimulator extends Simulator {
  /** How many calls were answered 429 for exceeding a limit. */
  readonly throttled: number;
}

export async function startArm(
  { world, faults, tls }: SimulatorContext,
  options: ArmOptions = {},
): Promise<ArmSimulator> {
  const { authorityHost = "https://login.microsoftonline.com/" } = options;
  const longRunning = createLongRunning(world, options);
  const limits = options.enforceLimits ? createLimits(world) : undefined;
  let throttled = 0;
  const gate = createWriteGate();
  const types = [
    resourceGroups(world),
    userAssignedIdentities(world),
    federatedIdentityCredentials(world),
    roleAssignments(world, options),
    roleAssignmentUsage(world),
    locks(world),
    ownPermissions(options.actions ?? defaultActions),
    ...targetTypes.map((each) => targetResources(world, each)),
    ...partTypes.map((each) => targetPart(world, each)),
    roleDefinitions(world),
    managedClusters(world),
    identityBindings(world, options),
    managedNamespaces(world, longRunning),
    associatedResources(world),
    ...sqlTypes(world, longRunning),
    sqlRoleAssignments(world, longRunning),
    ...longRunning.types,
  ];

  const server = await startHttpServer({ tls, port: options.port, faults, open });

  function open(request: HttpRequest): Exchange {
    const early = findEarly(request);
    const path = early ? undefined : parseResourcePath(request.url.pathname);
    const type = types.find((candidate) => path && isSame(candidate.type, path.type));
    const isCredentialWrite = path && /\/federatedIdentityCredentials$/i.test(path.type) && request.method !== "GET";
    const write = isCredentialWrite ? gate.enter(resourceId(path, 1).toLowerCase()) : undefined;
    return {
      call: {
        wire: "arm",
        operation: `${request.method} ${early?.type ?? type?.type ?? path?.type ?? request.url.pathname}`,
        target: path ? targetOf(path) : "",
      },
      async run() {
        try {
          if (early) return await answerEarly(request, early);
          const reply = await answer(request, { path, type, collided: write?.collided ?? false });
          if (write && options.credentialWriteMs) await sleep(options.credentialWriteMs);
          return reply;
        } catch (error) {
          if (!(error instanceof ArmFailure)) throw error;
          if (error.status === 429) throttled += 1;
          return armReply(error);
        } finally {
          write?.leave();
        }
      },
      fail: scripted,
      end: () => write?.leave(),
    };
  }

  function findEarly({ method, url }: HttpRequest): TenantLevel | undefined {
    // Every provider here is registered: registering one again answers like reading it.
    const [, provider] = /^(\/subscriptions\/[^/]+\/providers\/[^/]+)\/register$/i.exec(url.pathname) ?? [];
    if (method === "POST" && provider !== undefined)
      return findTenantLevel(world, { url: new URL(provider, url), authorityHost, types });
    return method === "GET" ? findTenantLevel(world, { url, authorityHost, types }) : undefined;
  }

  async function answerEarly({ url, headers }: HttpRequest, early: TenantLevel): Promise<HttpReply> {
    if (early.isPublic) return early.run({ isMember: false });
    const clientId = await authenticate(world, headers.authorization);
    if (!url.searchParams.get("api-version")) throw failures.missingApiVersion();
    const isMember = options.authorized?.has(clientId) ?? world.servicePrincipals.has(clientId);
    return early.run({ isMember: isMember || (options.owners?.has(clientId) ?? false) });
  }

  async function answer(
    request: HttpRequest,
    { path, type, collided }: { path: ResourcePath | undefined; type: ResourceType | undefined; collided: boolean },
  ): Promise<HttpReply> {
    const clientId = await authenticate(world, request.headers.authorization);
    if (!path) throw failures.unknownType(request.url.pathname);
    checkVersion(world, request.url, type, path);
    if (!world.subscriptionIds.has(path.subscriptionId.toLowerCase()))
      throw failures.unknownSubscription(path.subscriptionId);
    const isOwner = options.owners?.has(clientId) ?? false;
    if (!isOwner)
      authorize(world, clientId, {
        action: actionFor(request.method, type?.type ?? path.type),
        scope: request.url.pathname,
        authorized: options.authorized,
        actions: options.actions ?? defaultActions,
      });
    limits?.spend({ method: request.method, path, clientId });
    const handler = type && handlerFor(type, request.method, path);
    if (!type || !handler) throw failures.methodNotAllowed(request.method, path.type);
    const { url, body, headers } = request;
    const ifMatch = headers["if-match"];
    return handler({ path: { ...path, type: type.type }, url, body, ifMatch, caller: { isOwner }, collided });
  }

  return {
    ...server,
    get throttled() {
      return throttled;
    },
    async close() {
      longRunning.close();
      await server.close();
    },
  };
}

/** The names in the path; of what extends another resource, the end of that resource's ID, too. */
function targetOf({ scope, names }: ResourcePath): string {
  return [...(scope?.split("/").slice(-2) ?? []), ...names].join("/");
}

function checkVersion(world: World, url: URL, type: ResourceType | undefined, path: ResourcePath): void {
  const version = url.searchParams.get("api-version");
  if (!version) throw failures.missingApiVersion();
  if (!type) throw failures.unknownType(path.type);
  checkApiVersion(world, version, type.apiVersions);
}

const methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE"] as const;

function handlerFor(type: ResourceType, method: string, { isCollection }: ResourcePath) {
  if (isCollection) return method === "GET" ? type.list : method === "POST" ? type.POST : undefined;
  const known = methods.find((each) => each === method);
  return known && type[known];
}
