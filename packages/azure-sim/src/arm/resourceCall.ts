/** A call for a resource: who calls and may, and what answers it. */
import type { HttpReply, HttpRequest } from "../httpServer.ts";
import { findPrincipal, type World } from "../world.ts";
import { checkApiVersion } from "./apiVersions.ts";
import { actionFor, authenticate, authorize, defaultActions, type Rights } from "./authorization.ts";
import { failures } from "./failures.ts";
import type { Limits } from "./limits.ts";
import type { ResourcePath } from "./resourcePath.ts";
import type { ResourceType } from "./resources.ts";

interface Environment {
  readonly world: World;
  readonly rights: Rights;
  readonly limits: Limits | undefined;
}

export async function answerCall(
  { world, rights, limits }: Environment,
  request: HttpRequest,
  { path, type, collided }: { path: ResourcePath | undefined; type: ResourceType | undefined; collided: boolean },
): Promise<HttpReply> {
  const clientId = await authenticate(world, request.headers.authorization);
  if (!path) throw failures.unknownType(request.url.pathname);
  checkVersion(world, request.url, type, path);
  if (!world.subscriptionIds.has(path.subscriptionId.toLowerCase()))
    throw failures.unknownSubscription(path.subscriptionId);
  const isOwner = rights.owners?.has(clientId) ?? false;
  if (!isOwner)
    authorize(world, clientId, {
      action: actionFor(request.method, type?.type ?? path.type),
      scope: request.url.pathname,
      authorized: rights.authorized,
      actions: rights.actions ?? defaultActions,
    });
  limits?.spend({ method: request.method, path, clientId });
  const handler = type && handlerFor(type, request.method, path);
  if (!type || !handler) throw failures.methodNotAllowed(request.method, path.type);
  const { url, body, headers } = request;
  const ifMatch = headers["if-match"];
  const caller = { isOwner, principalId: findPrincipal(world, clientId)?.principalId };
  return handler({ path: { ...path, type: type.type }, url, body, ifMatch, caller, collided });
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
