/** Handles a request: the paths that are not resources, and the verbs on resources. */

import type { JsonObject } from "azure-sim/json";
import { type Access, attributesOf } from "./access.ts";
import type { Answer } from "./answer.ts";
import { builtInKinds } from "./builtIn/kinds.ts";
import { realOne } from "./builtIn/servedKinds.ts";
import { answerCollection } from "./collection.ts";
import { discoveryDocument } from "./discovery.ts";
import { createGrantChecks } from "./escalation.ts";
import { ApiFailure, badRequest, methodNotAllowed, noSuchResource, qualifiedPlural } from "./failures.ts";
import { negotiate } from "./negotiation.ts";
import { answerPath, hasGroup, pageNotFound } from "./nonResourcePaths.ts";
import { answerObject } from "./oneObject.ts";
import { isTrue } from "./options.ts";
import { answerLog } from "./podLog.ts";
import { createReading } from "./reading.ts";
import type { ApiRequest, Carried } from "./request.ts";
import { parseResourcePath, type ResourcePath } from "./requestPath.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Reviews } from "./reviews.ts";
import type { Store } from "./store.ts";
import { answerBelow } from "./subresources.ts";
import type { User } from "./users.ts";
import type { Objects, Target } from "./verbs.ts";

interface Environment {
  readonly store: Store;
  readonly resources: Resources;
  readonly objects: Objects;
  readonly access: Access;
  readonly now: () => Date;
  readonly bookmarkMs: number;
  readonly documents: Readonly<Record<string, JsonObject>>;
  readonly podLog: (pod: { namespace: string; name: string }) => string | undefined;
  readonly answerToken: (request: Carried, target: Target) => Promise<Answer>;
  readonly reviews: Reviews;
  readonly address: () => string;
}

export function createApi(environment: Environment): (request: ApiRequest, user: User) => Promise<Answer> {
  const { store, resources, objects, access, podLog, answerToken, reviews } = environment;
  const verbs = { store, objects, reading: createReading(environment) };
  const grantChecks = createGrantChecks(environment);

  return async (asked, user) => {
    const path = parseResourcePath(asked.url.pathname);
    const warnings = path?.group === "" && path.plural === "endpoints" ? [endpointsDeprecated] : [];
    const request = { ...fromOldWatch(asked), user: user.name, requireGrant: grantChecks(user), warnings };
    try {
      const answer = await carryOut(request, user);
      return "stream" in answer ? answer : { ...answer, headers: { ...answer.headers, ...warningHeaders(warnings) } };
    } catch (error) {
      // Whoever is refused hears them, too.
      if (error instanceof ApiFailure) error.warnings.push(...(warningHeaders(warnings)["warning"] ?? []));
      throw error;
    }
  };

  async function carryOut(request: Carried, user: User): Promise<Answer> {
    const { pathname, searchParams } = request.url;
    const path = parseResourcePath(pathname);
    if (path === undefined) {
      access.requirePath(user, pathname, request.method);
      return answerPath(environment, request);
    }
    const review = reviews.at(path);
    const isOpen = review?.isOfOneself === true && user.isAnonymous !== true;
    if (!isOpen) access.require(user, attributesOf(verbOf(request, path), path, searchParams));
    if (review !== undefined) return review.answer(request, user);
    const resource = resources.find(path.group, path.version, path.plural);
    requireServed(path, verbOf(request, path), resource);
    if (resource !== undefined) return onResource(request, resource, path, user);
    const isServed = discoveryDocument(resources, groupPath(path)) !== undefined;
    if (isServed || hasGroup(resources, path.group)) throw noSuchResource();
    return pageNotFound;
  }

  async function onResource(request: Carried, resource: Resource, path: ResourcePath, user: User): Promise<Answer> {
    if (resource.deprecation !== undefined) request.warnings.push(resource.deprecation);
    const isToken = path.subresource === "token" && resource.kind === "ServiceAccount";
    const verb = verbOf(request, path);
    const accepted = negotiate(request.headers["accept"], {
      isCustom: resource.isCustom,
      hasForms: !isToken,
      isWatchable: path.name === undefined && request.method === "GET",
      isWatch: verb === "watch",
    });
    const isElsewhere = resource.namespaced !== (path.namespace !== undefined);
    const isEverywhere = resource.namespaced && ["list", "watch"].includes(verb);
    if (resource.isCustom && isElsewhere && !isEverywhere) return pageNotFound;
    if (!resource.namespaced && path.namespace !== undefined) throw noSuchResource();
    if (path.name === undefined) return answerCollection(verbs, request, { resource, accepted }, path);
    if (isElsewhere) throw noSuchResource();
    requirePathSegment(path.name);
    const target: Target = { resource, namespace: path.namespace, name: path.name };
    if (isToken) return answerToken(request, target);
    if (path.subresource === "log" && resource.kind === "Pod") {
      if (request.method !== "GET") throw methodNotAllowed();
      const lookUp = () => store.get(resource, target.namespace, target.name);
      return answerLog(objects.get(target), request.url.searchParams, { podLog, lookUp });
    }
    // Server-side apply needs a second right if it creates the object.
    const mayCreate = () => access.require(user, attributesOf("create", path));
    if (path.subresource === undefined) return answerObject(verbs, request, target, { mayCreate, accepted });
    const isStatus = path.subresource === "status" && resource.hasStatus;
    if (!isStatus) return answerBelow(objects, target, path.subresource, request);
    if (request.method === "DELETE") throw methodNotAllowed();
    return answerObject(verbs, request, target, { mayCreate, accepted, subresource: "status" });
  }
}

/** Throws for a kind that only a real API server has, or that is only read here. */
function requireServed(path: ResourcePath, verb: string, resource: Resource | undefined): void {
  if (resource?.isCustom === true || resource?.verbs.includes("create") === true) return;
  const isKnown = ({ group, version, plural }: Pick<Resource, "group" | "version" | "plural">) =>
    group === path.group && version === path.version && plural === path.plural;
  if (resource === undefined ? !builtInKinds.kinds.some(isKnown) : resource.verbs.includes(verb)) return;
  const kind = qualifiedPlural(path);
  const does = resource === undefined ? "serve" : "write";
  const message = `the sandbox's simulated API server does not ${does} ${kind}: ${realOne}`;
  throw new ApiFailure(501, "NotImplemented", message, { kind });
}

/** Some names would be another path. */
function requirePathSegment(name: string): void {
  for (const each of ["/", "%"]) {
    if (name.includes(each)) {
      throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not contain '${each}'`);
    }
  }
}

/** `/api/v1/watch/…`, as clients asked before lists could be watched. */
function fromOldWatch(request: ApiRequest): ApiRequest {
  const [, base, rest] = /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)\/watch\/(.+)$/.exec(request.url.pathname) ?? [];
  if (base === undefined || rest === undefined) return request;
  if (request.method !== "GET") throw methodNotAllowed();
  const url = new URL(request.url);
  url.pathname = `${base}/${rest}`;
  const name = parseResourcePath(url.pathname)?.name;
  if (name !== undefined) {
    url.pathname = url.pathname.slice(0, url.pathname.lastIndexOf("/"));
    url.searchParams.set("fieldSelector", `metadata.name=${name}`);
  }
  url.searchParams.set("watch", "true");
  return { ...request, url };
}

const endpointsDeprecated = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

function verbOf({ method, url }: ApiRequest, { name }: ResourcePath): string {
  const onOne = { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete", POST: "create" };
  const onMany = { GET: isTrue(url.searchParams.get("watch")) ? "watch" : "list", DELETE: "deletecollection" };
  const verbs: Readonly<Record<string, string>> = name === undefined ? { ...onOne, ...onMany } : onOne;
  return verbs[method] ?? method.toLowerCase();
}

function groupPath({ group, version }: ResourcePath): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

function warningHeaders(warnings: readonly string[]): Record<string, string[]> {
  if (warnings.length === 0) return {};
  return {
    warning: [...new Set(warnings)].map((text) => `299 - "${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`),
  };
}
