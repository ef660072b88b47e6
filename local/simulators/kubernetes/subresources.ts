/** What lies below an object besides its status: its scale, the binding and the eviction of a pod, the end of a namespace. */
import { ApiFailure, badRequest, methodNotAllowed, noSuchResource } from "./failures.ts";
import { isObject, type Json, type JsonObject, numberAt, objectAt, stringAt, stringsAt } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Objects, Target, WriteOptions } from "./objects.ts";
import { mergePatch } from "./patches.ts";

interface Asked {
  readonly method: string;
  readonly body: () => Json;
  readonly mediaType: string;
  readonly options: () => WriteOptions;
}

type Answered = { readonly code: number; readonly body: JsonObject };
type Handler = (target: Target, asked: Asked) => Answered;

/** Throws a 404 if the resource has no such subresource. */
export function answerBelow(objects: Objects, target: Target, subresource: string, asked: Asked): Answered {
  const isServed = target.resource.subresources.some((each) => each.subresource === subresource);
  if (!isServed) throw noSuchResource();
  const handler = createHandlers(objects)[subresource];
  if (handler !== undefined) return handler(target, asked);
  const { plural } = target.resource;
  throw new ApiFailure(
    501,
    "NotImplemented",
    `the sandbox's simulated API server does not serve ${plural}/${subresource}: use a real one (npm run apiServer)`,
  );
}

function createHandlers(objects: Objects): Readonly<Record<string, Handler>> {
  return {
    scale: (target, { method, body, mediaType, options }) => {
      const live = objects.get(target);
      if (method === "GET") return { code: 200, body: scaleOf(live) };
      const given = body();
      const wanted = method === "PUT" ? given : patchedScale(live, mediaType, given);
      if (method !== "PUT" && method !== "PATCH") throw methodNotAllowed();
      const replicas = numberAt(wanted, "spec", "replicas") ?? 0;
      const resourceVersion = stringAt(wanted, "metadata", "resourceVersion");
      const patch = {
        mediaType: "application/merge-patch+json",
        body: { spec: { replicas }, ...(resourceVersion ? { metadata: { resourceVersion } } : {}) },
      };
      const { subresource: _, ...rest } = options();
      return { code: 200, body: scaleOf(objects.patch(target, patch, rest)) };
    },
    binding: (target, { method, body, options }) => {
      if (method !== "POST") throw methodNotAllowed();
      const node = stringAt(body(), "target", "name") ?? "";
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
    approval: (target, { method, body, mediaType, options }) => {
      const asStatus: WriteOptions = { ...options(), subresource: "status" };
      if (method === "GET") return { code: 200, body: objects.get(target) };
      if (method === "PUT") return { code: 200, body: objects.replace(target, body(), asStatus) };
      if (method === "PATCH") return { code: 200, body: objects.patch(target, { mediaType, body: body() }, asStatus) };
      throw methodNotAllowed();
    },
  };
}

function patchedScale(live: KubeObject, mediaType: string, patch: Json): Json {
  if (!["application/merge-patch+json", "application/strategic-merge-patch+json"].includes(mediaType)) {
    throw badRequest(`the sandbox's simulated API server patches a scale only by merge, not by ${mediaType}`);
  }
  return mergePatch(scaleOf(live), patch);
}

function scaleOf(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector =
    object.kind === "ReplicationController" ? stringsAt(object, "spec", "selector") : matchLabels(object);
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
    spec: { replicas: numberAt(object, "spec", "replicas") ?? 0 },
    status: {
      replicas: numberAt(object, "status", "replicas") ?? 0,
      selector: Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    },
  };
}

function matchLabels(object: KubeObject): Record<string, string> {
  const selector = objectAt(object, "spec", "selector");
  return isObject(selector) ? stringsAt(selector, "matchLabels") : {};
}
