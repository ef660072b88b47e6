/** What server-side apply asks of a configuration before it is merged. */
import { type Json, type JsonObject, objectAt, stringAt, without } from "azure-sim/json";
import { badRequest, conflict } from "./failures.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { besidesStatus, pick } from "./storedForm.ts";
import type { Target, WriteOptions } from "./verbs.ts";

/** Of what is applied, nothing is taken from the address. */
export function requireTyped(resource: Resource, sent: Json) {
  const [apiVersion, kind] = [stringAt(sent, "apiVersion"), stringAt(sent, "kind")];
  const isOwn = kind === resource.kind && apiVersion === apiVersionOf(resource);
  if (apiVersion && kind && (resource.isCustom || isOwn)) return;
  throw badRequest(`invalid object type: ${apiVersion ?? ""}, Kind=${kind ?? ""}`);
}

/** A UID implies that the object exists. */
export function requireNoUid({ resource, name }: Target, given: JsonObject) {
  const uid = stringAt(given, "metadata", "uid");
  if (uid === undefined) return;
  throw conflict(
    resource,
    name,
    `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
  );
}

/** The part of a configuration that this endpoint accepts: everything but the status, or only the status. */
export function applicable(resource: Resource, config: JsonObject, { subresource }: WriteOptions): JsonObject {
  if (subresource === "status") {
    const kept = resource.isCustom ? [] : besidesStatus;
    const metadata = pick(objectAt(config, "metadata"), "name", "namespace", ...kept);
    return { ...pick(config, "apiVersion", "kind", "status"), metadata };
  }
  return resource.hasStatus ? without(config, "status") : config;
}
