/** An object as it is stored: with what the API server fills in, its generation and the owners of its fields. */
import { equal, type JsonObject, listAt, objectAt, without } from "azure-sim/json";
import { inGoForm, metadataInGoForm } from "./builtIn/goForm.ts";
import { badRequest } from "./failures.ts";
import { isKubeObject, type KubeObject, type ManagedFieldsEntry } from "./object.ts";
import { fieldsOf, messageNameOf } from "./protobuf/fields.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { objectWithDefaults, withoutForbiddenNulls } from "./schema.ts";

/** With what the API server fills in. */
export function complete(resource: Resource, object: JsonObject): JsonObject {
  if (resource.isCustom) {
    const metadata = metadataInGoForm(objectAt(object, "metadata"));
    return { ...objectWithDefaults(withoutForbiddenNulls(object, resource.schema), resource.schema), metadata };
  }
  return inGoForm(object, { apiVersion: apiVersionOf(resource), kind: resource.kind });
}

/** Protobuf has no empty lists: where JSON always has the field, it is null when it has been stored. */
export function decodedFromStore(resource: Resource, object: KubeObject): KubeObject {
  const message =
    resource.isCustom || isStoredInJson(resource) ? undefined : messageNameOf(apiVersionOf(resource), resource.kind);
  if (message === undefined) return object;
  const emptied = [...fieldsOf(message).values()].filter(({ name, type, isAlways }) => {
    const value = object[name];
    return isAlways && type.startsWith("[]") && Array.isArray(value) && value.length === 0;
  });
  return { ...object, ...Object.fromEntries(emptied.map(({ name }) => [name, null])) };
}

const isStoredInJson = ({ group }: Pick<Resource, "group">) => group === "apiextensions.k8s.io";

/** Through /status, labels and annotations of built-in kinds can be changed, too. */
export const besidesStatus = ["labels", "annotations"];

export function withStatus(resource: Resource, live: KubeObject, desired: JsonObject): JsonObject {
  const others = without(live, "status");
  if (resource.isCustom) return { ...others, ...pick(desired, "status") };
  const changed = pick(objectAt(desired, "metadata"), ...besidesStatus);
  return {
    ...others,
    ...pick(desired, "status"),
    metadata: { ...without(live.metadata, ...besidesStatus), ...changed },
  };
}

const labelsOf = (object: JsonObject) => pick(objectAt(object, "metadata"), "labels", "annotations");

/** Of slices, a change of their labels counts, too. */
export function withGeneration(resource: Resource, live: KubeObject, object: JsonObject): JsonObject {
  if (!resource.hasGeneration) return object;
  const isSame =
    equal(without(live, "metadata", "status"), without(object, "metadata", "status")) &&
    (resource.kind !== "EndpointSlice" || equal(labelsOf(live), labelsOf(object)));
  const generation = (live.metadata.generation ?? 0) + (isSame ? 0 : 1);
  return { ...object, metadata: { ...objectAt(object, "metadata"), generation } };
}

export function stamped(object: JsonObject, managedFields: ManagedFieldsEntry[]): KubeObject {
  const metadata = without(objectAt(object, "metadata"), "managedFields");
  const final = { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
  if (!isKubeObject(final)) throw badRequest("the object has no name");
  return final;
}

/** An object is deleted once deletion was requested and no finalizer is left. */
export function isDeleted({ kind, metadata, ...rest }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false;
  if (kind === "Pod" && Number(metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return kind !== "Namespace" || listAt(rest, "spec", "finalizers").length === 0;
}

export function pick(object: JsonObject, ...fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => fields.includes(field)));
}
