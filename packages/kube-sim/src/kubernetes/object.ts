/** What stored objects of all kinds have in common. They are immutable: a write creates a new object. */
import { isObject, type Json, type JsonObject } from "azure-sim/json";

export interface OwnerReference extends JsonObject {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

export interface ManagedFieldsEntry extends JsonObject {
  manager: string;
  operation: string;
  apiVersion: string;
  fieldsType: string;
  fieldsV1: JsonObject;
  time?: string;
  subresource?: string;
}

export interface Metadata extends JsonObject {
  name: string;
  uid: string;
  creationTimestamp: string;
  namespace?: string;
  generateName?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  managedFields?: ManagedFieldsEntry[];
}

export interface KubeObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

/** True for every body that passes the metadata rules and the schema. */
export function isKubeObject(value: Json): value is KubeObject {
  if (!isObject(value) || typeof value["apiVersion"] !== "string" || typeof value["kind"] !== "string") return false;
  const metadata = value["metadata"];
  return isObject(metadata) && typeof metadata["name"] === "string" && typeof metadata["uid"] === "string";
}

export function isManagedFieldsEntry(value: Json): value is ManagedFieldsEntry {
  return (
    isObject(value) &&
    typeof value["manager"] === "string" &&
    typeof value["operation"] === "string" &&
    typeof value["apiVersion"] === "string" &&
    isObject(value["fieldsV1"])
  );
}

/** Kubernetes timestamps have whole seconds. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
