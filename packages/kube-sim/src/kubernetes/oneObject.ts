/** The verbs on one object, or on its status. */
import type { JsonObject } from "azure-sim/json";
import type { Answer } from "./answer.ts";
import type { Environment } from "./collection.ts";
import { methodNotAllowed } from "./failures.ts";
import { type Accepted, requireFittingForm } from "./negotiation.ts";
import type { KubeObject } from "./object.ts";
import { isTrue, requireGetOptions } from "./options.ts";
import { requirePatchType } from "./patches.ts";
import type { Carried } from "./request.ts";
import { decode, mediaTypeOf, read } from "./requestBody.ts";
import { deleteOptions, orphanWarning, writeOptions } from "./requestOptions.ts";
import type { Resource } from "./resource.ts";
import type { Target, WriteOptions } from "./verbs.ts";

/** Of these, a deletion answers with the object; of others, that it is done. */
const returnedWhenDeleted: ReadonlySet<string> = new Set([
  ...["Namespace", "PersistentVolumeClaim", "Pod", "ResourceQuota", "Service", "ServiceAccount"],
]);

export function answerObject(
  { store, objects, reading }: Environment,
  request: Carried,
  target: Target,
  { mayCreate, accepted, subresource }: { mayCreate: () => void; accepted: Accepted; subresource?: "status" },
): Answer {
  const { resource } = target;
  const show = (object: KubeObject) => reading.shown(request, { resource, accepted }, object);
  if (request.method === "PATCH") requirePatchType(resource, mediaTypeOf(request));
  const options: WriteOptions = {
    ...writeOptions(request),
    ...(subresource === undefined ? {} : { subresource }),
  };
  switch (request.method) {
    case "GET":
      requireGetOptions(request.url.searchParams, store.version);
      requireFittingForm(accepted, { resource, isList: false });
      return { code: 200, body: show(objects.get(target)) };
    case "PUT": {
      const { value, ...found } = decode(request);
      const isNew = store.get(resource, target.namespace, target.name) === undefined;
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
      if (store.get(resource, target.namespace, target.name) === undefined) mayCreate();
      const { value, duplicates } = decode(request);
      const { object, isNew } = objects.apply(target, value, { ...options, force, duplicates });
      return { code: isNew ? 201 : 200, body: show(object) };
    }
    case "DELETE": {
      const { object, isGone } = objects.remove(target, deleteOptions(request, resource));
      const warning = orphanWarning(request, resource);
      if (warning !== undefined) request.warnings.push(warning);
      const returnsObject = !isGone || returnedWhenDeleted.has(resource.kind);
      return { code: 200, body: returnsObject ? show(object) : deleted(resource, object) };
    }
    default:
      throw methodNotAllowed();
  }
}

function deleted({ plural, group }: Resource, { metadata }: KubeObject): JsonObject {
  const details = { name: metadata.name, ...(group === "" ? {} : { group }), kind: plural, uid: metadata.uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
