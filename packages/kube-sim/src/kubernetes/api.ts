/** Handles a request: the paths that are not resources, and the verbs on resources. */

import type { Json, JsonObject } from "azure-sim/json";
import { type Access, attributesOf } from "./access.ts";
import type { Answer } from "./answer.ts";
import { builtInKinds } from "./builtIn/kinds.ts";
import { realOne } from "./builtIn/servedKinds.ts";
import { aggregatedDiscovery, aggregatedType, discoveryDocument } from "./discovery.ts";
import { createGrantChecks } from "./escalation.ts";
import { ApiFailure, badRequest, methodNotAllowed, noSuchResource, qualifiedPlural } from "./failures.ts";
import { answerHealth } from "./health.ts";
import { type Accepted, negotiate, requireFittingForm, wantsAggregated } from "./negotiation.ts";
import { type KubeObject, timestamp } from "./object.ts";
import { openApiDocument } from "./openApi.ts";
import { answerOpenApiV2, openApiV2Path } from "./openApiV2.ts";
import { isTrue, requireGetOptions, requireListOptions } from "./options.ts";
import { requirePatchType } from "./patches.ts";
import { answerLog } from "./podLog.ts";
import { createReading } from "./reading.ts";
import type { ApiRequest } from "./request.ts";
import { decode, mediaTypeOf, read } from "./requestBody.ts";
import { deleteOptions, orphanWarning, writeOptions } from "./requestOptions.ts";
import { parseResourcePath, type ResourcePath } from "./requestPath.ts";
import type { Resource, Resources } from "./resource.ts";
import { type Reviews, tokenRequestOf } from "./reviews.ts";
import { rootPaths } from "./rootPaths.ts";
import { selectorOf } from "./selectors.ts";
import type { Store } from "./store.ts";
import { answerBelow } from "./subresources.ts";
import type { User } from "./users.ts";
import type { Objects, Target, WriteOptions } from "./verbs.ts";

interface Environment {
  readonly store: Store;
  readonly resources: Resources;
  readonly objects: Objects;
  readonly access: Access;
  readonly now: () => Date;
  readonly bookmarkMs: number;
  /** Documents of the cluster itself, by path: the issuer's discovery documents. */
  readonly documents: Readonly<Record<string, JsonObject>>;
  readonly podLog: (pod: { namespace: string; name: string }) => string | undefined;
  readonly requestToken: (account: KubeObject, request: Json) => Promise<JsonObject>;
  readonly reviews: Reviews;
  /** Host and port. */
  readonly address: () => string;
}

/** With the texts of its warnings. */
type Carried = ApiRequest & { readonly warnings: string[] };

export function createApi(environment: Environment): (request: ApiRequest, user: User) => Promise<Answer> {
  const { store, resources, objects, access, now, bookmarkMs, documents, podLog, requestToken, reviews, address } =
    environment;
  const { list, watch, shown, shownList } = createReading({ store, now, bookmarkMs });
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
    const path = parseResourcePath(request.url.pathname);
    if (path === undefined) return onPath(request, user);
    const resource = resources.find(path.group, path.version, path.plural);
    const review = reviews.at(path);
    if (review !== undefined) {
      const isOpen = review.isOfOneself && user.isAnonymous !== true;
      if (!isOpen) access.require(user, attributesOf(verbOf(request, path), path, request.url.searchParams));
      if (path.name !== undefined) throw noSuchResource();
      if (request.method !== "POST") throw methodNotAllowed();
      // They have no metadata of which a table could be made.
      negotiate(request.headers["accept"], { isCustom: false, hasForms: false });
      const { warnings } = request;
      const options = writeOptions(request, warnings);
      const writer = { manager: options.manager, apiVersion: "", subresource: undefined, time: timestamp(now()) };
      const { value, ...found } = decode(request, { kind: review.kind });
      const answer = await review.answer({ user, body: value, writer }, request.method, { ...options, ...found });
      return { code: 201, body: answer };
    }
    access.require(user, attributesOf(verbOf(request, path), path, request.url.searchParams));
    requireServed(path, verbOf(request, path), resource);
    if (resource === undefined) {
      const isServed = discoveryDocument(resources, groupPath(path)) !== undefined;
      if (isServed || hasGroup(path.group)) throw noSuchResource();
      return pageNotFound;
    }
    if (resource.deprecation !== undefined) request.warnings.push(resource.deprecation);
    const isToken = path.subresource === "token" && resource.kind === "ServiceAccount";
    const accepted = negotiate(request.headers["accept"], {
      isCustom: resource.isCustom,
      hasForms: !isToken,
      isWatchable: path.name === undefined && request.method === "GET",
      isWatch: verbOf(request, path) === "watch",
    });
    const isElsewhere = resource.namespaced !== (path.namespace !== undefined);
    const isEverywhere = resource.namespaced && ["list", "watch"].includes(verbOf(request, path));
    if (resource.isCustom && isElsewhere && !isEverywhere) return pageNotFound;
    if (!resource.namespaced && path.namespace !== undefined) throw noSuchResource();
    if (path.name === undefined) return onCollection(request, { resource, accepted }, path);
    const target: Target = { resource, namespace: path.namespace, name: path.name };
    if (resource.namespaced !== (path.namespace !== undefined)) throw noSuchResource();
    requirePathSegment(path.name);
    if (isToken) {
      if (request.method !== "POST") throw methodNotAllowed();
      const { warnings } = request;
      const { value, ...found } = decode(request, { kind: "TokenRequest" });
      const options = { ...writeOptions(request, warnings), ...found };
      const account = objects.get(target);
      const writer = { manager: options.manager, time: timestamp(now()) };
      const asked = tokenRequestOf(value, target.namespace, { ...options, writer });
      return { code: 201, body: await requestToken(account, asked) };
    }
    if (path.subresource === "log" && resource.kind === "Pod") {
      if (request.method !== "GET") throw methodNotAllowed();
      const lookUp = () => store.get(resource, target.namespace, target.name);
      return answerLog(objects.get(target), request.url.searchParams, { podLog, lookUp });
    }
    // Server-side apply needs a second right if it creates the object.
    const mayCreate = () => access.require(user, attributesOf("create", path));
    if (path.subresource === undefined) return onObject(request, target, { mayCreate, accepted });
    if (path.subresource !== "status" || !resource.hasStatus) {
      const asked = {
        method: request.method,
        mediaType: mediaTypeOf(request),
        body: () => read(request),
        options: () => writeOptions(request, []),
        force: isTrue(request.url.searchParams.get("force")),
      };
      return answerBelow(objects, target, path.subresource, asked);
    }
    if (request.method === "DELETE") throw methodNotAllowed();
    return onObject(request, target, { mayCreate, accepted, subresource: "status" });
  }

  /** What is no resource: discovery, OpenAPI, health. */
  function onPath(request: ApiRequest, user: User): Answer {
    const { pathname } = request.url;
    const accept = request.headers["accept"];
    access.requirePath(user, pathname, request.method);
    const health = answerHealth(request);
    if (health !== undefined) return health;
    if (pathname === "/") return { code: 200, body: rootPaths(resources) };
    if (pathname === openApiV2Path) return answerOpenApiV2(resources, accept);
    const aggregated = wantsAggregated(accept) ? aggregatedDiscovery(resources, pathname) : undefined;
    const document =
      documents[pathname] ?? discoveryDocument(resources, pathname, address()) ?? openApiDocument(resources, pathname);
    if (document === undefined && pathname.startsWith("/openapi/v3/")) return nothingThere;
    if (document === undefined && !isUnknownVersion(pathname)) return pageNotFound;
    if (document === undefined) throw noSuchResource();
    if (request.method !== "GET" && !takesAnyMethod(pathname)) throw methodNotAllowed();
    if (aggregated !== undefined) return { code: 200, body: aggregated, contentType: aggregatedType };
    if (/^\/apis?(\/|$)/.test(pathname)) negotiate(accept, { isCustom: false, hasForms: false });
    return { code: 200, body: document };
  }

  /** Of a group that is served. */
  function isUnknownVersion(pathname: string): boolean {
    const [root, group, version, ...rest] = pathname.split("/").filter((part) => part !== "");
    if (root === "api") return group !== undefined && version === undefined;
    return root === "apis" && version !== undefined && rest.length === 0 && hasGroup(group ?? "");
  }

  /** One of Kubernetes' own: a version that only definitions would add is no path at all. */
  function hasGroup(name: string): boolean {
    const isCustom = resources.all().some((each) => each.group === name && each.isCustom);
    return !isCustom && discoveryDocument(resources, `/apis/${name}`) !== undefined;
  }

  function onCollection(
    request: Carried,
    { resource, accepted }: { resource: Resource; accepted: Accepted },
    { namespace }: ResourcePath,
  ): Answer {
    const query = request.url.searchParams;
    if (request.method === "GET") {
      const isWatch = isTrue(query.get("watch"));
      requireListOptions(query, { isWatch, newest: store.version });
      if (!isWatch) requireFittingForm(accepted, { resource, isList: true });
      const listing = { resource, namespace, accepted };
      return isWatch ? watch(request, listing) : list(request, listing);
    }
    if (resource.namespaced && namespace === undefined) throw methodNotAllowed();
    if (request.method === "POST") {
      const { warnings } = request;
      const { value, ...found } = decode(request, resource);
      const options = { ...writeOptions(request, warnings), ...found };
      const body = objects.create({ resource, namespace }, value, options);
      return { code: 201, body: shown(request, { resource, accepted }, body) };
    }
    if (request.method !== "DELETE" || !resource.verbs.includes("deletecollection")) throw methodNotAllowed();
    deleteOptions(request, resource);
    requireListOptions(query, { isWatch: false, newest: store.version });
    const items = store.list(resource, namespace).filter(selectorOf(resource, query));
    for (const { metadata } of items) {
      objects.remove(
        { resource, namespace: metadata.namespace, name: metadata.name },
        deleteOptions(request, resource),
      );
    }
    const metadata = { resourceVersion: String(store.version) };
    return { code: 200, body: shownList(request, { resource, accepted }, { items, metadata }) };
  }

  function onObject(
    request: Carried,
    target: Target,
    { mayCreate, accepted, subresource }: { mayCreate: () => void; accepted: Accepted; subresource?: "status" },
  ): Answer {
    const { resource } = target;
    const show = (object: KubeObject) => shown(request, { resource, accepted }, object);
    const { warnings } = request;
    if (request.method === "PATCH") requirePatchType(target.resource, mediaTypeOf(request));
    const options: WriteOptions = {
      ...writeOptions(request, warnings),
      ...(subresource === undefined ? {} : { subresource }),
    };
    switch (request.method) {
      case "GET":
        requireGetOptions(request.url.searchParams, store.version);
        requireFittingForm(accepted, { resource, isList: false });
        return { code: 200, body: show(objects.get(target)) };
      case "PUT": {
        const { value, ...found } = decode(request, target.resource);
        const isNew = store.get(target.resource, target.namespace, target.name) === undefined;
        const body = objects.replace(target, value, { ...options, ...found });
        return { code: isNew ? 201 : 200, body: show(body) };
      }
      case "PATCH": {
        const mediaType = mediaTypeOf(request);
        const query = request.url.searchParams;
        if (mediaType !== "application/apply-patch+yaml") {
          const body = show(objects.patch(target, { mediaType, body: read(request) }, options));
          return { code: 200, body };
        }
        const force = isTrue(query.get("force"));
        if (store.get(target.resource, target.namespace, target.name) === undefined) mayCreate();
        const { value, duplicates } = decode(request);
        const { object, isNew } = objects.apply(target, value, { ...options, force, duplicates });
        return { code: isNew ? 201 : 200, body: show(object) };
      }
      case "DELETE": {
        const { object, isGone } = objects.remove(target, deleteOptions(request, target.resource));
        const warning = orphanWarning(request, target.resource);
        if (warning !== undefined) warnings.push(warning);
        const returnsObject = !isGone || returnedWhenDeleted.has(target.resource.kind);
        return { code: 200, body: returnsObject ? show(object) : deleted(target.resource, object) };
      }
      default:
        throw methodNotAllowed();
    }
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

/** The lists of groups look at no method. */
function takesAnyMethod(pathname: string): boolean {
  return /^\/apis(\/[^/]*)?\/?$/.test(pathname) || pathname.startsWith("/openapi/");
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

/** Of these, a deletion answers with the object; of others, that it is done. */
const returnedWhenDeleted: ReadonlySet<string> = new Set([
  ...["Namespace", "PersistentVolumeClaim", "Pod", "ResourceQuota", "Service", "ServiceAccount"],
]);

const endpointsDeprecated = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

const pageNotFound: Answer = { code: 404, body: "404 page not found\n" };
const nothingThere: Answer = { code: 404, body: "", contentType: "" };

/** What a request asks to be allowed, its verb after a prefix. */
export function requestedAccess(request: ApiRequest, prefix: string) {
  const path = parseResourcePath(request.url.pathname);
  if (path === undefined) return { verb: `${prefix}${request.method.toLowerCase()}`, path: request.url.pathname };
  return attributesOf(`${prefix}${verbOf(request, path)}`, path, request.url.searchParams);
}

function verbOf({ method, url }: ApiRequest, { name }: ResourcePath): string {
  const onOne = { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete", POST: "create" };
  const onMany = { GET: isTrue(url.searchParams.get("watch")) ? "watch" : "list", DELETE: "deletecollection" };
  const verbs: Readonly<Record<string, string>> = name === undefined ? { ...onOne, ...onMany } : onOne;
  return verbs[method] ?? method.toLowerCase();
}

function groupPath({ group, version }: ResourcePath): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

function deleted({ plural, group }: Resource, { metadata }: KubeObject): JsonObject {
  const details = { name: metadata.name, ...(group === "" ? {} : { group }), kind: plural, uid: metadata.uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

function warningHeaders(warnings: readonly string[]): Record<string, string[]> {
  if (warnings.length === 0) return {};
  return {
    warning: [...new Set(warnings)].map((text) => `299 - "${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`),
  };
}
