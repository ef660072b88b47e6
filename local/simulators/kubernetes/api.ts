/** Handles a request: the paths that are not resources, and the verbs on resources. */
import { type Access, attributesOf } from "./access.ts";
import type { Answer } from "./answer.ts";
import type { User } from "./authentication.ts";
import { type FieldValidation, unparsable } from "./body.ts";
import { type Decoded, decodeText } from "./decodeText.ts";
import { aggregatedDiscovery, aggregatedType, discoveryDocument } from "./discovery.ts";
import { createGrantChecks, type GrantCheck } from "./escalation.ts";
import { badRequest, methodNotAllowed, noSuchResource, unsupportedMediaType } from "./failures.ts";
import { isObject, type Json, type JsonObject, objectAt, stringAt, without } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Objects, Target, WriteOptions } from "./objects.ts";
import { openApiDocument } from "./openApi.ts";
import { answerOpenApiV2, openApiV2Path } from "./openApiV2.ts";
import {
  invalidOptions,
  optionsOf,
  refuseTable,
  requireAcceptable,
  requireDeletePolicy,
  requireListOptions,
  unsupportedOption,
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
    const request = { ...asked, user: user.name, requireGrant: grantChecks(user) };
    const path = parseResourcePath(request.url.pathname);
    const ownDocument = documents[request.url.pathname];
    if (ownDocument !== undefined) access.requirePath(user, request.url.pathname);
    const aggregated = wantsAggregated(request) ? aggregatedDiscovery(resources, request.url.pathname) : undefined;
    if (aggregated !== undefined && request.method === "GET") {
      return { code: 200, body: aggregated, contentType: aggregatedType };
    }
    const document =
      ownDocument ??
      discoveryDocument(resources, request.url.pathname, address()) ??
      openApiDocument(resources, request.url.pathname);
    if (document !== undefined && request.method === "GET") {
      if (ownDocument === undefined) access.requireDiscovery(user, request.url.pathname);
      return { code: 200, body: document };
    }
    if (request.url.pathname === openApiV2Path && request.method === "GET") {
      access.requireDiscovery(user, openApiV2Path);
      return answerOpenApiV2(resources, request.headers["accept"]);
    }
    if (path === undefined) return pageNotFound;
    const resource = resources.find(path.group, path.version, path.plural);
    const review = reviews.at(path);
    if (review !== undefined) {
      const isOpen = review.isOfOneself && user.isAnonymous !== true;
      if (!isOpen) access.require(user, attributesOf(verbOf(request, path), path));
      // They have no metadata of which a table could be made.
      if (wants(request, "Table")) refuseTable();
      return { code: 201, body: await review.answer({ user, body: reviewOf(request) }, request.method) };
    }
    access.require(user, attributesOf(verbOf(request, path), path));
    if (resource === undefined) {
      const isGroupServed = discoveryDocument(resources, groupPath(path)) !== undefined;
      if (isGroupServed) throw noSuchResource();
      return pageNotFound;
    }
    requireAcceptable(request.headers["accept"], resource);
    if (path.name === undefined) return onCollection(request, resource, path);
    const target: Target = { resource, namespace: path.namespace, name: path.name };
    if (resource.namespaced !== (path.namespace !== undefined)) throw noSuchResource();
    if (path.subresource === "token" && resource.kind === "ServiceAccount") {
      if (request.method !== "POST") throw methodNotAllowed();
      return { code: 201, body: await requestToken(objects.get(target), read(request)) };
    }
    if (path.subresource === "log" && resource.kind === "Pod") {
      if (request.method !== "GET") throw methodNotAllowed();
      const lookUp = () => store.get(resource, target.namespace, target.name);
      return answerLog(objects.get(target), request.url.searchParams, { podLog, lookUp });
    }
    // Server-side apply needs a second right if it creates the object.
    const mayCreate = () => access.require(user, attributesOf("create", path));
    if (path.subresource === undefined) return onObject(request, target, { mayCreate });
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
    return onObject(request, target, { mayCreate, subresource: "status" });
  };

  function onCollection(request: ApiRequest, resource: Resource, { namespace }: ResourcePath): Answer {
    const query = request.url.searchParams;
    if (request.method === "GET") {
      requireListOptions(query, { isWatch: isTrue(query.get("watch")), newest: store.version });
      return isTrue(query.get("watch")) ? watch(request, resource, namespace) : list(request, resource, namespace);
    }
    if (resource.namespaced && namespace === undefined) throw methodNotAllowed();
    if (request.method === "POST") {
      const warnings: string[] = [];
      const { value, duplicates } = decode(request, resource);
      const options = { ...writeOptions(request, warnings), duplicates };
      const body = objects.create({ resource, namespace }, value, options);
      warnOfInert(resource, warnings);
      return { code: 201, body, headers: warningHeaders(warnings) };
    }
    if (request.method !== "DELETE") throw methodNotAllowed();
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
    { mayCreate, subresource }: { mayCreate: () => void; subresource?: "status" },
  ): Answer {
    const warnings: string[] = [];
    if (request.method === "PATCH") requirePatchType(target.resource, mediaTypeOf(request));
    const options: WriteOptions = {
      ...writeOptions(request, warnings),
      ...(subresource === undefined ? {} : { subresource }),
    };
    const headers = () => warningHeaders(warnings);
    switch (request.method) {
      case "GET":
        return { code: 200, body: shown(request, target.resource, objects.get(target)) };
      case "PUT": {
        const { value, duplicates } = decode(request, target.resource);
        const isNew = store.get(target.resource, target.namespace, target.name) === undefined;
        const body = objects.replace(target, value, { ...options, duplicates });
        return { code: isNew ? 201 : 200, body, headers: headers() };
      }
      case "PATCH": {
        const mediaType = mediaTypeOf(request);
        const query = request.url.searchParams;
        if (mediaType !== "application/apply-patch+yaml") {
          if (query.has("force"))
            throw invalidOptions("PatchOptions", {
              ...{ reason: "FieldValueForbidden", field: "force" },
              message: "Forbidden: may not be specified for non-apply patch",
            });
          return {
            code: 200,
            body: objects.patch(target, { mediaType, body: read(request) }, options),
            headers: headers(),
          };
        }
        if (!query.get("fieldManager"))
          throw invalidOptions("PatchOptions", {
            ...{ reason: "FieldValueRequired", field: "fieldManager" },
            message: "Required value: is required for apply patch",
          });
        const force = isTrue(query.get("force"));
        if (store.get(target.resource, target.namespace, target.name) === undefined) mayCreate();
        const { value, duplicates } = decode(request);
        const { object, isNew } = objects.apply(target, value, { ...options, force, duplicates });
        if (isNew) warnOfInert(target.resource, warnings);
        return { code: isNew ? 201 : 200, body: object, headers: headers() };
      }
      case "DELETE": {
        const { object, isGone } = objects.remove(target, deleteOptions(request, target.resource));
        const warning = orphanWarning(request, target.resource);
        if (warning !== undefined) warnings.push(warning);
        const returnsObject = !isGone || ["Pod", "ResourceQuota", "ServiceAccount"].includes(target.resource.kind);
        return { code: 200, body: returnsObject ? object : deleted(target.resource, object), headers: headers() };
      }
      default:
        throw methodNotAllowed();
    }
  }

  function list(request: ApiRequest, resource: Resource, namespace: string | undefined): Answer {
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
    if (wants(request, "PartialObjectMetadataList")) {
      return { code: 200, body: partialMetadataList(page.items, metadata) };
    }
    if (!wants(request, "Table")) return { code: 200, body: listOf(resource, page.items, metadata) };
    const includeObject = query.get("includeObject") ?? "Metadata";
    return { code: 200, body: table(resource, page.items, { metadata, includeObject, now: now() }) };
  }

  function watch(request: ApiRequest, resource: Resource, namespace: string | undefined): Answer {
    const query = request.url.searchParams;
    const timeout = query.get("timeoutSeconds");
    const options = {
      resource,
      namespace,
      matches: selectorOf(resource, query),
      resourceVersion: query.get("resourceVersion") ?? "",
      wantsBookmarks: isTrue(query.get("allowWatchBookmarks")),
      wantsInitialEvents: isTrue(query.get("sendInitialEvents")),
      timeoutSeconds: timeout === null ? undefined : Number(timeout),
      bookmarkMs,
      render: (object: KubeObject) => shown(request, resource, object),
    };
    return { stream: (response) => streamChanges(store, options, response) };
  }

  function shown(request: ApiRequest, resource: Resource, object: KubeObject): Json {
    if (wants(request, "PartialObjectMetadata")) return partialMetadata(object);
    if (!wants(request, "Table")) return object;
    const includeObject = request.url.searchParams.get("includeObject") ?? "Metadata";
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    return table(resource, [object], { metadata, includeObject, now: now() });
  }
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

function decode({ body, headers, undecodable }: ApiRequest, resource?: Resource): Decoded {
  if (undecodable !== undefined) throw badRequest(`error decoding the body: ${undecodable}`);
  const mediaType = mediaTypeOf({ headers });
  if (mediaType !== "" && !/(json|yaml)$/.test(mediaType)) {
    const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
    );
  }
  try {
    return decodeText(body, mediaType.endsWith("yaml"));
  } catch (error) {
    if (resource !== undefined && !mediaType.endsWith("yaml")) throw unparsable(resource, body);
    throw badRequest(`error decoding the body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function mediaTypeOf({ headers }: Pick<ApiRequest, "headers">): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function writeOptions({ method, url, headers, user, requireGrant }: ApiRequest, warnings: string[]): WriteOptions {
  const query = url.searchParams;
  const manager = query.get("fieldManager") || (headers["user-agent"]?.split(/[/ ]/)[0] ?? "") || "unknown";
  const kind = optionsOf(method);
  if (manager.length > 128) {
    const message = "Too long: may not be more than 128 bytes";
    throw invalidOptions(kind, { reason: "FieldValueTooLong", message, field: "fieldManager" });
  }
  return {
    manager,
    byClient: true,
    user,
    requireGrant,
    dryRun: isDryRun(query.getAll("dryRun"), method),
    fieldValidation: fieldValidation(query.get("fieldValidation"), method),
    warn: (message) => warnings.push(message),
  };
}

function fieldValidation(text: string | null, method: string): FieldValidation {
  if (text === null || text === "") return "Warn";
  if (text === "Ignore" || text === "Warn" || text === "Strict") return text;
  const supported = '"", "Ignore", "Strict", "Warn"';
  throw invalidOptions(optionsOf(method), unsupportedOption("fieldValidation", JSON.stringify(text), supported));
}

function isDryRun(values: readonly string[], method: string): boolean {
  const wrong = values.find((value) => value !== "All");
  if (wrong !== undefined) {
    throw invalidOptions(optionsOf(method), unsupportedOption("dryRun", JSON.stringify(values), '"All"'));
  }
  return values.length > 0;
}

function deleteOptions(request: ApiRequest, resource: Resource) {
  const body = request.body === "" ? {} : read(request);
  const preconditions = objectAt(body, "preconditions");
  const policy = propagationPolicy(request);
  requireDeletePolicy(policy, typeof objectAt(body)["orphanDependents"] === "boolean");
  return {
    byClient: true,
    user: request.user,
    dryRun:
      isDryRun(request.url.searchParams.getAll("dryRun"), request.method) || Array.isArray(objectAt(body)["dryRun"]),
    // By default, deleting a job keeps its pods, as batch/v1 always did.
    orphan: policy === undefined ? resource.kind === "Job" || isOrphaning(body) : policy === "Orphan",
    foreground: policy === "Foreground",
    preconditions: {
      uid: stringAt(preconditions, "uid"),
      resourceVersion: stringAt(preconditions, "resourceVersion"),
    },
  };
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
  const body = request.body === "" ? {} : read(request);
  return stringAt(body, "propagationPolicy") ?? request.url.searchParams.get("propagationPolicy") ?? undefined;
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

/** Of several media types, clients name the one that they prefer first. */
function wants({ headers }: ApiRequest, as: string): boolean {
  const [first = ""] = (headers["accept"] ?? "").split(",");
  return first.split(";").some((parameter) => parameter.trim() === `as=${as}`);
}

function wantsAggregated({ headers }: ApiRequest): boolean {
  const types = (headers["accept"] ?? "").split(",");
  return types.some((type) => type.includes("as=APIGroupDiscoveryList") && type.includes("v=v2;"));
}

/** The values of Go's ParseBool: some clients send `watch=True`. */
function isTrue(text: string | null): boolean {
  return text !== null && ["1", "t", "T", "true", "TRUE", "True"].includes(text);
}
