/** What lies below an object besides its status: its scale, the binding and the eviction of a pod, the end of a namespace. */
import { type Json, type JsonObject, numberAt, objectAt, stringAt, stringsAt } from "azure-sim/json";
import {
  ApiFailure,
  badRequest,
  invalid,
  methodNotAllowed,
  noSuchResource,
  notFound,
  unsupportedMediaType,
} from "./failures.ts";
import type { KubeObject } from "./object.ts";
import { jsonPatch, mergePatch } from "./patches.ts";
import { messageNameOf } from "./protobuf/fields.ts";
import type { ApiRequest } from "./request.ts";
import { mediaTypeOf, read } from "./requestBody.ts";
import { writeOptions } from "./requestOptions.ts";
import type { ScalePaths } from "./resource.ts";
import { invalidValue } from "./validation/causes.ts";
import type { Objects, Target, WriteOptions } from "./verbs.ts";

const noWayIn = "a pod is a process of this machine, which nobody can enter";

type Answered = { readonly code: number; readonly body: JsonObject };

interface Asked {
  readonly method: string;
  readonly mediaType: string;
  readonly body: () => Json;
  readonly options: () => WriteOptions;
}

type Handler = (target: Target, asked: Asked) => Answered;

/** Throws a 404 if the resource has no such subresource. */
export function answerBelow(objects: Objects, target: Target, subresource: string, request: ApiRequest): Answered {
  const isServed = target.resource.subresources.some((each) => each.subresource === subresource);
  if (!isServed && target.resource.isCustom) throw notFound(target.resource, target.name);
  if (!isServed) throw noSuchResource();
  const handler = createHandlers(objects)[subresource];
  if (handler !== undefined) return handler(target, askedBy(request));
  // A client learns first that there is no such object.
  objects.get(target);
  const { plural } = target.resource;
  throw new ApiFailure(
    501,
    "NotImplemented",
    `the sandbox does not serve ${plural}/${subresource}, with --api-server neither: ${noWayIn}`,
  );
}

/** Looks at the body and the options only once the object is there. */
function askedBy(request: ApiRequest): Asked {
  return {
    method: request.method,
    mediaType: mediaTypeOf(request),
    body: () => read(request),
    options: () => writeOptions({ ...request, warnings: [] }),
  };
}

function createHandlers(objects: Objects): Readonly<Record<string, Handler>> {
  return {
    scale: (target, { method, body, mediaType, options }) => {
      const { scale } = target.resource;
      const live = objects.get(target);
      if (method === "GET") return { code: 200, body: scaleOf(live, scale) };
      if (method !== "PUT" && method !== "PATCH") throw methodNotAllowed();
      if (mediaType === "application/apply-patch+yaml") throw unsupportedMediaType(patchTypes);
      const wanted = method === "PUT" ? body() : patchedScale(scaleOf(live, scale, 0), mediaType, body());
      const replicas = readScale(target, wanted);
      const { subresource: _, ...rest } = options();
      const asked = { ...rest, resourceVersion: stringAt(wanted, "metadata", "resourceVersion") };
      return { code: 200, body: scaleOf(objects.scale(target, replicas, asked), scale) };
    },
    binding: (target, { method, body, options }) => {
      if (method !== "POST") throw methodNotAllowed();
      const node = stringAt(body(), "target", "name") ?? "";
      if (stringAt(body(), "metadata", "name") !== target.name) {
        throw badRequest("name in URL does not match name in Binding object");
      }
      if (node === "") throw new ApiFailure(500, "", "target.name: Required value");
      const pod = objects.get(target);
      const before = stringAt(pod, "spec", "nodeName") ?? "";
      if (before !== "") {
        const message = `Operation cannot be fulfilled on pods/binding "${target.name}": pod ${target.name} is already assigned to node "${before}"`;
        throw new ApiFailure(409, "Conflict", message, { name: target.name, kind: "pods/binding" });
      }
      objects.bind(target, node, options());
      return { code: 201, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
    },
    eviction: (target, { method, body, options }) => {
      if (method !== "POST") throw methodNotAllowed();
      if (stringAt(body(), "metadata", "name") !== target.name) {
        throw badRequest("name in URL does not match name in Eviction object");
      }
      const preconditions = objectAt(body(), "deleteOptions", "preconditions");
      const { dryRun, user } = options();
      objects.remove(target, {
        ...{ byClient: true, user, ...(dryRun ? { dryRun } : {}) },
        preconditions: {
          uid: stringAt(preconditions, "uid"),
          resourceVersion: stringAt(preconditions, "resourceVersion"),
        },
      });
      return { code: 201, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
    },
    finalize: (target, { method, body, options }) => {
      if (method !== "PUT") throw methodNotAllowed();
      return { code: 200, body: objects.finalize(target, body(), options()) };
    },
  };
}

/** Nobody applies a scale. */
const patchTypes = ["application/json-patch+json", "application/merge-patch+json"];

function patchedScale(scale: JsonObject, mediaType: string, patch: Json): Json {
  return mediaType === "application/json-patch+json" ? jsonPatch(scale, patch) : mergePatch(scale, patch);
}

/** The replicas of a scale that somebody sends. */
function readScale({ resource, namespace, name }: Target, scale: Json): number {
  const [kind = "Scale", apiVersion = "autoscaling/v1"] = ["kind", "apiVersion"].map((field) => stringAt(scale, field));
  const replicas = objectAt(scale, "spec")["replicas"] ?? 0;
  if (
    kind !== "Scale" ||
    messageNameOf(apiVersion || "autoscaling/v1", kind) === undefined ||
    typeof replicas !== "number"
  ) {
    throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a Scale`);
  }
  const own = stringAt(scale, "metadata", "name") ?? "";
  if (own !== name) {
    throw badRequest(
      own === ""
        ? `the name of the object (${name} based on URL) was undeterminable: name must be provided`
        : `the name of the object (${own}) does not match the name on the URL (${name})`,
    );
  }
  if ((stringAt(scale, "metadata", "namespace") || namespace) !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (replicas >= 0) return replicas;
  if (resource.scale !== undefined) {
    const field = `.${resource.scale.replicas.join(".")}`;
    throw invalid(resource, name, [invalidValue(field, replicas, "should be a non-negative integer")]);
  }
  const cause = invalidValue("spec.replicas", replicas, "must be greater than or equal to 0");
  throw invalid({ group: "autoscaling", kind: "Scale" }, name, [cause]);
}

const ofBuiltIn: ScalePaths = { replicas: ["spec", "replicas"], current: ["status", "replicas"], selector: [] };

/** `standard`: what an object without replicas is taken to want. */
function scaleOf(object: KubeObject, paths: ScalePaths = ofBuiltIn, standard?: number): JsonObject {
  const replicas = numberAt(object, ...paths.replicas) ?? (paths === ofBuiltIn ? 0 : standard);
  if (replicas === undefined) {
    const message = `the spec replicas field ".${paths.replicas.join(".")}" does not exist`;
    throw new ApiFailure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      creationTimestamp,
    },
    // A zero is left out.
    spec: replicas ? { replicas } : {},
    status: {
      replicas: numberAt(object, ...paths.current) ?? 0,
      ...selectorText(object, paths),
    },
  };
}

function selectorText(object: KubeObject, paths: ScalePaths): { selector?: string } {
  if (paths !== ofBuiltIn) {
    const own = stringAt(object, ...paths.selector);
    return own === undefined ? {} : { selector: own };
  }
  const pairs = Object.entries(stringsAt(object, "spec", "selector", "matchLabels"));
  return { selector: pairs.map(([key, value]) => `${key}=${value}`).join(",") };
}
