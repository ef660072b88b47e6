/** Azure Resource Manager over HTTPS: the few resource types that Mooring uses, with Azure's rules. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { World } from "../world.ts";
import { actionFor, authenticate, authorize, defaultActions } from "./authorization.ts";
import { ArmFailure, armReply, failures, scripted } from "./failures.ts";
import { federatedIdentityCredentials } from "./federatedCredentials.ts";
import { userAssignedIdentities } from "./identities.ts";
import { createLimits } from "./limits.ts";
import { createLongRunning } from "./longRunning.ts";
import { isSame, parseResourcePath, type ResourcePath, resourceId } from "./resourcePath.ts";
import { type ResourceType, requireGroup } from "./resources.ts";
import { ownPermissions, roleAssignments } from "./roleAssignments.ts";
import { sqlTypes } from "./sql.ts";
import { findTenantLevel, type TenantLevel } from "./tenantLevel.ts";
import { createWriteGate } from "./writeGate.ts";

export interface ArmOptions {
  readonly port?: number;
  /** Client ids that have the role; by default every service principal of the world and no managed identity. */
  readonly authorized?: ReadonlySet<string>;
  /** The token authority that the cloud's endpoints name; Azure's own by default. */
  readonly authorityHost?: string;
  /** The role's actions; by default all that this simulator checks. */
  readonly actions?: readonly string[];
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
    roleAssignments(world),
    ownPermissions(options.actions ?? defaultActions),
    ...sqlTypes(world, longRunning),
    ...longRunning.types,
  ];

  const server = await startHttpServer({ tls, port: options.port, faults, open });

  function open(request: HttpRequest): Exchange {
    const early = request.method === "GET" ? findEarly(request.url.pathname) : undefined;
    const path = early ? undefined : parseResourcePath(request.url.pathname);
    const type = types.find((candidate) => path && isSame(candidate.type, path.type));
    const isCredentialWrite = path && /\/federatedIdentityCredentials$/i.test(path.type) && request.method !== "GET";
    const write = isCredentialWrite ? gate.enter(resourceId(path, 1).toLowerCase()) : undefined;
    return {
      call: {
        wire: "arm",
        operation: `${request.method} ${early?.type ?? type?.type ?? path?.type ?? request.url.pathname}`,
        target: path?.names.join("/") ?? "",
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

  function findEarly(pathname: string): TenantLevel | undefined {
    return findTenantLevel(world, { pathname, authorityHost });
  }

  async function answerEarly({ url, headers }: HttpRequest, early: TenantLevel): Promise<HttpReply> {
    if (early.isPublic) return early.run({ isMember: false });
    const clientId = await authenticate(world, headers.authorization);
    if (!url.searchParams.get("api-version")) throw failures.missingApiVersion();
    return early.run({ isMember: options.authorized?.has(clientId) ?? world.servicePrincipals.has(clientId) });
  }

  async function answer(
    request: HttpRequest,
    { path, type, collided }: { path: ResourcePath | undefined; type: ResourceType | undefined; collided: boolean },
  ): Promise<HttpReply> {
    const clientId = await authenticate(world, request.headers.authorization);
    if (!path) throw failures.unknownType(request.url.pathname);
    checkVersion(request.url, type, path);
    if (!world.subscriptionIds.has(path.subscriptionId.toLowerCase()))
      throw failures.unknownSubscription(path.subscriptionId);
    authorize(world, clientId, {
      action: actionFor(request.method, type?.type ?? path.type),
      scope: request.url.pathname,
      authorized: options.authorized,
      actions: options.actions ?? defaultActions,
    });
    limits?.spend({ method: request.method, path, clientId });
    const handler = type && handlerFor(type, request.method, path);
    if (!type || !handler) throw failures.methodNotAllowed(request.method, path.type);
    return handler({ path: { ...path, type: type.type }, url: request.url, body: request.body, collided });
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

function resourceGroups(world: World): ResourceType {
  return {
    type: "Microsoft.Resources/resourceGroups",
    apiVersions: ["2021-04-01", "2022-09-01", "2024-03-01", "2024-11-01"],
    GET({ path }) {
      const { name, location } = requireGroup(world, path);
      const id = `/subscriptions/${path.subscriptionId}/resourceGroups/${name}`;
      const properties = { provisioningState: "Succeeded" };
      return { status: 200, body: { id, name, type: "Microsoft.Resources/resourceGroups", location, properties } };
    },
  };
}

function checkVersion(url: URL, type: ResourceType | undefined, path: ResourcePath): void {
  const version = url.searchParams.get("api-version");
  if (!version) throw failures.missingApiVersion();
  if (!type) throw failures.unknownType(path.type);
  if (!type.apiVersions.includes(version.toLowerCase())) throw failures.invalidApiVersion(version, type.apiVersions);
}

function handlerFor(type: ResourceType, method: string, { isCollection }: ResourcePath) {
  if (isCollection) return method === "GET" ? type.list : undefined;
  return method === "GET" || method === "PUT" || method === "PATCH" || method === "DELETE" ? type[method] : undefined;
}
