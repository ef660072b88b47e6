/** A write of an object that is there has to mean this object: its version, its uid, its deletion. */
import { type Json, type JsonObject, listAt, numberAt, stringAt } from "azure-sim/json";
import type { Cause } from "./cause.ts";
import { ApiFailure, conflict, invalid } from "./failures.ts";
import type { KubeObject } from "./object.ts";
import { notANumber } from "./options.ts";
import type { Resource } from "./resource.ts";
import { invalidValue } from "./validation/causes.ts";
import type { DeleteOptions, Target } from "./verbs.ts";

export function requireSameVersion(resource: Resource, live: KubeObject, desired: JsonObject) {
  const { name, uid, resourceVersion } = live.metadata;
  const asked = stringAt(desired, "metadata", "resourceVersion");
  if (asked !== undefined && !/^\d*$/.test(asked)) {
    throw new ApiFailure(500, "", notANumber(asked));
  }
  if (asked !== undefined && asked !== "" && asked !== resourceVersion) {
    const why = "the object has been modified; please apply your changes to the latest version and try again";
    throw conflict(resource, name, why);
  }
  const askedUid = stringAt(desired, "metadata", "uid");
  if (askedUid !== undefined && askedUid !== uid) {
    throw immutable(resource, name, { field: "metadata.uid", value: askedUid });
  }
}

/** Deletion is asked for by a deletion alone; null leaves it as it is. */
export function requireSameDeletion(resource: Resource, { metadata }: KubeObject, desired: JsonObject) {
  const grace = numberAt(desired, "metadata", "deletionGracePeriodSeconds");
  if (grace !== undefined && grace !== metadata.deletionGracePeriodSeconds) {
    throw immutable(resource, metadata.name, { field: "metadata.deletionGracePeriodSeconds", value: grace });
  }
  const value = stringAt(desired, "metadata", "deletionTimestamp");
  if (value === undefined || value === metadata.deletionTimestamp) return;
  throw immutable(resource, metadata.name, { field: "metadata.deletionTimestamp", value });
}

function immutable(
  resource: Resource,
  name: string,
  { field, value }: { field: string; value: string | number },
): ApiFailure {
  const cause = invalidValue(field, value, "field is immutable");
  // A real API server says it twice.
  return invalid(resource, name, [cause, cause]);
}

/** AllowUnconditionalUpdate in the strategy of each kind (k8s.io/kubernetes/pkg/registry). */
const replacedByVersion: ReadonlySet<string> = new Set([
  ...["PodDisruptionBudget", "CustomResourceDefinition"],
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"],
  ...["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration"],
]);

/** Some kinds are replaced only by whoever says which version. */
export function requireVersion({ resource, name }: Target, desired: Json) {
  const isAsked = resource.isCustom || isCreatedByUpdate(resource) || replacedByVersion.has(resource.kind);
  if (!isAsked || stringAt(desired, "metadata", "resourceVersion")) return;
  const cause = invalidValue("metadata.resourceVersion", 0, "must be specified for an update");
  throw invalid({ ...resource, kind: resource.plural }, name, [cause]);
}

/** A replacement of another object is refused by the store, before any field is looked at. */
export function requireSameUid(resource: Resource, { metadata: { name, uid } }: KubeObject, desired: JsonObject) {
  const asked = stringAt(desired, "metadata", "uid");
  if (asked !== undefined && asked !== uid) throw conflict(resource, name, otherThan("UID", asked, uid));
}

const otherThan = (what: string, asked: string, recorded = "") =>
  `the ${what} in the precondition (${asked}) does not match the ${what} in record (${recorded})`;

/** A PUT also creates these, and replaces none whose version it does not know. */
export function isCreatedByUpdate({ group, kind }: Pick<Resource, "group" | "kind">): boolean {
  return group === "coordination.k8s.io" && kind === "Lease";
}

/** Whoever waits for its end would wait for ever. */
export function newFinalizers({ metadata }: KubeObject, object: JsonObject): Cause[] {
  if (metadata.deletionTimestamp === undefined) return [];
  const added = listAt(object, "metadata", "finalizers").filter(
    (each) => typeof each === "string" && !metadata.finalizers?.includes(each),
  );
  if (added.length === 0) return [];
  const shown = added.map((each) => JSON.stringify(each)).join(", ");
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`;
  return [{ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field: "metadata.finalizers" }];
}

/** Of a deletion. */
export function requirePreconditions(
  { resource, name }: Target,
  live: KubeObject,
  asked: DeleteOptions["preconditions"],
): void {
  const { uid, resourceVersion } = live.metadata;
  const refuse = (why: string) => conflict({ ...resource, plural: resource.kind }, name, why);
  if (asked?.uid !== undefined && asked.uid !== uid) {
    throw refuse(`${otherThan("UID", asked.uid, uid)}. The object might have been deleted and then recreated`);
  }
  if (asked?.resourceVersion !== undefined && asked.resourceVersion !== resourceVersion) {
    const why = otherThan("ResourceVersion", asked.resourceVersion, resourceVersion);
    throw refuse(`${why}. The object might have been modified`);
  }
}
