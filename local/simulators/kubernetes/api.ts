/** Handles a request: the paths that are not resources, and the verbs on resources. */
import { type Access, attributesOf } from "./access.ts";
import type { Answer } from "./answer.ts";
import type { User } from "./authentication.ts";
import { jsonProblem, notAnObject, unparsable } from "./body.ts";
import { type Decoded, decodeText } from "./decodeText.ts";
import { aggregatedDiscovery, aggregatedType, discoveryDocument } from "./discovery.ts";
import { createGrantChecks, type GrantCheck } from "./escalation.ts";
import { ApiFailure, badRequest, methodNotAllowed, noSuchResource, unsupportedMediaType } from "./failures.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt, without } from "./json.ts";
import { type Accepted, negotiate, requireFittingForm, wantsAggregated } from "./negotiation.ts";
import { type KubeObject, timestamp } from "./object.ts";
import type { Objects, Target, WriteOptions } from "./objects.ts";
import { openApiDocument } from "./openApi.ts";
import { answerOpenApiV2, openApiV2Path } from "./openApiV2.ts";
import {
  optionsOf,
  readFieldValidation,
  requireDeletePolicy,
  requireDryRun,
  requireGetOptions,
  requireListOptions,
  requireNumber,
  requireWriteOptions,
} from "./options.ts";
import { createPages } from "./pages.ts";
import { partialMetadata, partialMetadataList } from "./partialMetadata.ts";
import { requirePatchType } from "./patches.ts";
import { answerLog } from "./podLog.ts";
import { parseResourcePath, type ResourcePath } from "./requestPath.ts";
import { apiVersionOf, type Resource, type Resources } from "./resource.ts";
import type { Reviews } from "./reviews.ts";
import { selectorOf } from "./selectors.ts";
import type { Store } from "./store.ts";
import { answerBelow } from "./subresources.ts";
import { table } from "./table.ts";
import { streamChanges } from "./watch.ts";

export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The body as it arrived. */
  readonly bytes: Buffer;
  /** Why a body in protobuf cannot be read. */
  readonly undecodable?: string;
  /** Set once it is known. */
  readonly user?: string;
  /** Whether that user may give what a role gives. */
  readonly requireGrant?: GrantCheck;
}

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

export function createApi(environment: Environment): (request: ApiRequest, user: User) => Promise<Answer> {
  const { store, resources, objects, access, now, bookmarkMs, documents, podLog, requestToken, reviews, address } =
    environment;
  const pages = createPages();
  const grantChecks = createGrantChecks(environment);

  return async (asked, user) => {
    const request = { ...fromOldWatch(asked), user: user.name, requireGrant: grantChecks(user) };
    const path = parseResourcePath(request.url.pathname);
    if (path === undefined) return onPath(request, user);
    const resource = resources.find(path.group, path.version, path.plural);
    const review = reviews.at(path);
    if (review !== undefined) {
      const isOpen = review.isOfOneself && user.isAnonymous !== true;
      if (!isOpen) access.require(user, attributesOf(verbOf(request, path), path));
      if (path.name !== undefined) throw noSuchResource();
      if (request.method !== "POST") throw methodNotAllowed();
      // They have no metadata of which a table could be made.
      negotiate(request.headers["accept"], { isCustom: false, hasForms: false });
      const { manager } = writeOptions(request, []);
      const writer = { manager, apiVersion: "", subresource: undefined, time: timestamp(now()) };
      return { code: 201, body: await review.answer({ user, body: reviewOf(request), writer }, request.method) };
    }
    access.require(user, attributesOf(verbOf(request, path), path));
    if (resource === undefined) {
      const isGroupServed = discoveryDocument(resources, groupPath(path)) !== undefined;
      if (isGroupServed) throw noSuchResource();
      return pageNotFound;
    }
    const isToken = path.subresource === "token" && resource.kind === "ServiceAccount";
    const accepted = negotiate(request.headers["accept"], {
      isCustom: resource.isCustom,
      hasForms: !isToken,
      isWatchable: path.name === undefined && request.method === "GET",
    });
    if (!resource.namespaced && path.namespace !== undefined) throw noSuchResource();
    if (path.name === undefined) return onCollection(request, { resource, accepted }, path);
    const target: Target = { resource, namespace: path.namespace, name: path.name };
    if (resource.namespaced !== (path.namespace !== undefined)) throw noSuchResource();
    requirePathSegment(path.name);
    if (isToken) {
      if (request.method !== "POST") throw methodNotAllowed();
      const asked = decode(request, { kind: "TokenRequest" }).value;
      return { code: 201, body: await requestToken(objects.get(target), asked) };
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
      };
      return answerBelow(objects, target, path.subresource, asked);
    }
    if (request.method === "DELETE") throw methodNotAllowed();
    return onObject(request, target, { mayCreate, accepted, subresource: "status" });
  };

  /** What is no resource: discovery, OpenAPI, health. */
  function onPath(request: ApiRequest, user: User): Answer {
    const { pathname } = request.url;
    const accept = request.headers["accept"];
    access.requirePath(user, pathname, request.method);
    if (isCheck(pathname)) return { code: 200, body: "ok" };
    if (pathname === openApiV2Path) return answerOpenApiV2(resources, accept);
    const aggregated = wantsAggregated(accept) ? aggregatedDiscovery(resources, pathname) : undefined;
    const document =
      documents[pathname] ?? discoveryDocument(resources, pathname, address()) ?? openApiDocument(resources, pathname);
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
    return root === "apis" && version !== undefined && rest.length === 0 && isGroup(group ?? "");
  }

  function isGroup(name: string): boolean {
    return resources.all().some(({ group, isCustom }) => group === name && !isCustom);
  }

  function onCollection(
    request: ApiRequest,
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
      const warnings: string[] = [];
      const { value, duplicates } = decode(request, resource);
      const options = { ...writeOptions(request, warnings), duplicates };
      const body = objects.create({ resource, namespace }, value, options);
      warnOfInert(resource, warnings);
      return { code: 201, body: shown(request, { resource, accepted }, body), headers: warningHeaders(warnings) };
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
    return { code: 200, body: listOf(resource, items, { resourceVersion: String(store.version) }) };
  }

  function onObject(
    request: ApiRequest,
    target: Target,
    { mayCreate, accepted, subresource }: { mayCreate: () => void; accepted: Accepted; subresource?: "status" },
  ): Answer {
    const { resource } = target;
    const show = (object: KubeObject) => shown(request, { resource, accepted }, object);
    const warnings: string[] = [];
    if (request.method === "PATCH") requirePatchType(target.resource, mediaTypeOf(request));
    const options: WriteOptions = {
      ...writeOptions(request, warnings),
      ...(subresource === undefined ? {} : { subresource }),
    };
    const headers = () => warningHeaders(warnings);
    switch (request.method) {
      case "GET":
        requireGetOptions(request.url.searchParams, store.version);
        requireFittingForm(accepted, { resource, isList: false });
        return { code: 200, body: show(objects.get(target)) };
      case "PUT": {
        const { value, duplicates } = decode(request, target.resource);
        const isNew = store.get(target.resource, target.namespace, target.name) === undefined;
        const body = objects.replace(target, value, { ...options, duplicates });
        return { code: isNew ? 201 : 200, body: show(body), headers: headers() };
      }
      case "PATCH": {
        const mediaType = mediaTypeOf(request);
        const query = request.url.searchParams;
        if (mediaType !== "application/apply-patch+yaml") {
          const body = show(objects.patch(target, { mediaType, body: read(request) }, options));
          return { code: 200, body, headers: headers() };
        }
        const force = isTrue(query.get("force"));
        if (store.get(target.resource, target.namespace, target.name) === undefined) mayCreate();
        const { value, duplicates } = decode(request);
        const { object, isNew } = objects.apply(target, value, { ...options, force, duplicates });
        if (isNew) warnOfInert(target.resource, warnings);
        return { code: isNew ? 201 : 200, body: show(object), headers: headers() };
      }
      case "DELETE": {
        const { object, isGone } = objects.remove(target, deleteOptions(request, target.resource));
        const warning = orphanWarning(request, target.resource);
        if (warning !== undefined) warnings.push(warning);
        const returnsObject = !isGone || ["Pod", "ResourceQuota", "ServiceAccount"].includes(target.resource.kind);
        return { code: 200, body: returnsObject ? show(object) : deleted(target.resource, object), headers: headers() };
      }
      default:
        throw methodNotAllowed();
    }
  }

  function list(request: ApiRequest, { resource, namespace, accepted }: Listing): Answer {
    const query = request.url.searchParams;
    const limit = Number(query.get("limit") ?? 0);
    const token = query.get("continue") ?? "";
    const page =
      token === ""
        ? pages.first(store.list(resource, namespace).filter(selectorOf(resource, query)), String(store.version), limit)
        : pages.next(token, limit);
    const metadata: JsonObject = {
      resourceVersion: page.resourceVersion,
      ...(page.next === undefined ? {} : { continue: page.next }),
      // What a selector leaves out would have to be counted.
      ...(page.next === undefined || hasSelector(query) ? {} : { remainingItemCount: page.remaining ?? 0 }),
    };
    const { form, version } = accepted;
    if (form === undefined) return { code: 200, body: listOf(resource, page.items, metadata) };
    if (form !== "Table") return { code: 200, body: partialMetadataList(page.items, metadata, version) };
    const options = { metadata, includeObject: includeObjectOf(query), now: now(), version };
    return { code: 200, body: table(resource, page.items, options) };
  }

  function watch(request: ApiRequest, { resource, namespace, accepted }: Listing): Answer {
    const query = request.url.searchParams;
    const timeout = query.get("timeoutSeconds");
    const options = {
      resource,
      namespace,
      matches: selectorOf(resource, query),
      resourceVersion: query.get("resourceVersion") ?? "",
      wantsBookmarks: isTrue(query.get("allowWatchBookmarks")),
      wantsInitialEvents: isTrue(query.get("sendInitialEvents")),
      wantsNone: query.has("sendInitialEvents") && !isTrue(query.get("sendInitialEvents")),
      timeoutSeconds: timeout === null ? undefined : Number(timeout),
      bookmarkMs,
      render: (object: KubeObject) => shown(request, { resource, accepted }, object),
    };
    return { stream: (response) => streamChanges(store, options, response) };
  }

  function shown(
    request: ApiRequest,
    { resource, accepted }: { resource: Resource; accepted: Accepted },
    object: KubeObject,
  ): Json {
    const { form, version } = accepted;
    if (form === undefined) return object;
    if (form !== "Table") return partialMetadata(object, version);
    const includeObject = includeObjectOf(request.url.searchParams);
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    return table(resource, [object], { metadata, includeObject, now: now(), version });
  }
}

interface Listing {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly accepted: Accepted;
}

function includeObjectOf(query: URLSearchParams): string {
  const asked = query.get("includeObject") || "Metadata";
  if (["Metadata", "Object", "None"].includes(asked)) return asked;
  const why = `includeObject: Invalid value: ${JSON.stringify(asked)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: ${why}`);
}

/** One check of health by itself. */
function isCheck(pathname: string): boolean {
  return /^\/(healthz|livez|readyz)\/(ping|log|etcd)$/.test(pathname);
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

/** Whoever makes one of these expects that it decides something. */
function warnOfInert({ group, kind }: Resource, warnings: string[]): void {
  if (group !== "admissionregistration.k8s.io") return;
  warnings.push(`the sandbox's simulated API server stores a ${kind}, and does not evaluate it: a real one does`);
}

function hasSelector(query: URLSearchParams): boolean {
  return Boolean(query.get("labelSelector") || query.get("fieldSelector"));
}

const pageNotFound: Answer = { code: 404, body: "404 page not found\n" };

function verbOf({ method, url }: ApiRequest, { name }: ResourcePath): string {
  const onOne = { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete", POST: "create" };
  const onMany = { GET: isTrue(url.searchParams.get("watch")) ? "watch" : "list", DELETE: "deletecollection" };
  const verbs: Readonly<Record<string, string>> = name === undefined ? { ...onOne, ...onMany } : onOne;
  return verbs[method] ?? method.toLowerCase();
}

function groupPath({ group, version }: ResourcePath): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

function read(request: ApiRequest): Json {
  return decode(request).value;
}

/** In bytes. */
const longestRequest = 3 * 1024 * 1024;

function decode({ method, body, bytes, headers, undecodable }: ApiRequest, resource?: Pick<Resource, "kind">): Decoded {
  if (bytes.length > longestRequest) {
    const message = `Request entity too large: limit is ${longestRequest}`;
    throw new ApiFailure(413, "RequestEntityTooLarge", message);
  }
  if (undecodable !== undefined) throw badRequest(`error decoding the body: ${undecodable}`);
  const mediaType = mediaTypeOf({ headers });
  const isPatch = /^application\/[-a-z]*patch\+(json|yaml)$/.test(mediaType);
  if (!["", "application/json", "application/yaml"].includes(mediaType) && !(isPatch && method === "PATCH")) {
    const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
    );
  }
  try {
    return decodeText(body, mediaType.endsWith("yaml"));
  } catch (error) {
    if (!mediaType.endsWith("yaml")) {
      const why = jsonProblem(body);
      if (method === "PATCH") throw badRequest(mediaType.includes("strategic") ? why : `error decoding patch: ${why}`);
      if (method === "DELETE") throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
    }
    if (resource !== undefined && !mediaType.endsWith("yaml")) throw unparsable(resource, body);
    throw badRequest(`error decoding the body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function mediaTypeOf({ headers }: Pick<ApiRequest, "headers">): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function writeOptions(request: ApiRequest, warnings: string[]): WriteOptions {
  const { method, url, headers, user, requireGrant } = request;
  const query = url.searchParams;
  const manager = query.get("fieldManager") || (headers["user-agent"]?.split(/[/ ]/)[0] ?? "") || "unknown";
  requireWriteOptions(optionsOf(method), query, { manager, mediaType: mediaTypeOf(request) });
  return {
    manager,
    byClient: true,
    user,
    requireGrant,
    dryRun: query.has("dryRun"),
    fieldValidation: readFieldValidation(query.get("fieldValidation")) ?? "Warn",
    warn: (message) => warnings.push(message),
  };
}

function deleteOptions(request: ApiRequest, resource: Resource) {
  // Whoever sends a body says everything there.
  const query = request.body === "" ? request.url.searchParams : new URLSearchParams();
  const body = deletionBody(request);
  const preconditions = objectAt(body, "preconditions");
  const policy = propagationPolicy(request);
  requireDeletePolicy(policy, typeof objectAt(body)["orphanDependents"] === "boolean");
  const grace = query.get("gracePeriodSeconds") ?? "";
  requireNumber(grace);
  const dryRun = listAt(body, "dryRun").map(String);
  const isOrphaned = resource.kind === "Job" || isOrphaning(body) || isTrue(query.get("orphanDependents"));
  return {
    byClient: true,
    user: request.user,
    dryRun: requireDryRun("DeleteOptions", [...query.getAll("dryRun"), ...dryRun]),
    // By default, deleting a job keeps its pods, as batch/v1 always did.
    orphan: policy === undefined ? isOrphaned : policy === "Orphan",
    foreground: policy === "Foreground",
    graceSeconds: numberAt(body, "gracePeriodSeconds") ?? (grace === "" ? undefined : Number(grace)),
    preconditions: {
      uid: stringAt(preconditions, "uid"),
      resourceVersion: stringAt(preconditions, "resourceVersion"),
    },
  };
}

/** The DeleteOptions that a client sends, or none. */
function deletionBody(request: ApiRequest): JsonObject {
  if (request.body === "") return {};
  const body = read(request);
  if (!isObject(body)) throw badRequest(notAnObject(body));
  const [kind, apiVersion] = [stringAt(body, "kind"), stringAt(body, "apiVersion") ?? ""];
  if (kind !== undefined && kind !== "DeleteOptions") {
    throw badRequest(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  for (const [field, type] of [
    ["uid", "types.UID"],
    ["resourceVersion", "string"],
  ] as const) {
    const value = objectAt(body, "preconditions")[field];
    if (value === undefined || value === null || typeof value === "string") continue;
    const where = `Go struct field Preconditions.preconditions.${field} of type ${type}`;
    throw badRequest(`json: cannot unmarshal ${typeof value} into ${where}`);
  }
  return body;
}

/** The older name of the policy Orphan. */
function isOrphaning(body: Json): boolean {
  return objectAt(body)["orphanDependents"] === true;
}

function reviewOf(request: ApiRequest): Json {
  const body = read(request);
  if (!isObject(body)) throw badRequest("the body of the request is not an object");
  return body;
}

function propagationPolicy(request: ApiRequest): string | undefined {
  if (request.body !== "") return stringAt(deletionBody(request), "propagationPolicy");
  return request.url.searchParams.get("propagationPolicy") ?? undefined;
}

function orphanWarning(request: ApiRequest, resource: Resource): string | undefined {
  if (resource.kind !== "Job" || propagationPolicy(request) !== undefined) return undefined;
  return "child pods are preserved by default when jobs are deleted; consider setting propagationPolicy=Background";
}

function deleted({ plural, group }: Resource, { metadata }: KubeObject): JsonObject {
  const details = { name: metadata.name, ...(group === "" ? {} : { group }), kind: plural, uid: metadata.uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

function listOf(resource: Resource, items: readonly KubeObject[], metadata: JsonObject): JsonObject {
  const kind = `${resource.kind}List`;
  const apiVersion = apiVersionOf(resource);
  if (resource.isCustom) return { kind, apiVersion, metadata: { continue: "", ...metadata }, items: [...items] };
  // The items of a typed list do not repeat what they are.
  return { kind, apiVersion, metadata, items: items.map((item) => without(item, "kind", "apiVersion")) };
}

function warningHeaders(warnings: readonly string[]): Record<string, string[]> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((text) => `299 - "${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`) };
}

/** Kubernetes takes anything for true but these. */
function isTrue(text: string | null): boolean {
  return text !== null && text.toLowerCase() !== "false" && text !== "0";
}
