/** What the API server refuses in objects of single kinds, besides what their schemas say. */
import { equal, type JsonObject, listAt, objectAt, stringAt, without } from "azure-sim/json";
import type { Cause } from "../cause.ts";
import { ApiFailure } from "../failures.ts";
import type { Resource } from "../resource.ts";
import { forbidden } from "./causes.ts";
import { definitionViolations } from "./definitions.ts";
import { violationsBy } from "./rules.ts";

export function violationsOfKind({ kind, isCustom }: Resource, root: JsonObject, old?: JsonObject): Cause[] {
  if (isCustom) return [];
  requireKnownRole(kind, root);
  return [
    ...violationsBy(kind, root, "", { root, old }),
    ...(kind === "CustomResourceDefinition" ? definitionViolations(root) : []),
    ...(old === undefined ? [] : changeViolations(kind, old, root)),
  ];
}

/** What a role gives is looked up before anything else. */
function requireKnownRole(kind: string, binding: JsonObject): void {
  const role = stringAt(binding, "roleRef", "kind") ?? "";
  if (!kind.endsWith("RoleBinding") || ["Role", "ClusterRole"].includes(role)) return;
  throw new ApiFailure(500, "", `unsupported role reference kind: ${JSON.stringify(role)}`);
}

const podUpdates =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** Of these two, only little may change. */
function changeViolations(kind: string, before: JsonObject, after: JsonObject): Cause[] {
  if (kind === "Pod") return equal(fixedPodSpec(before), fixedPodSpec(after)) ? [] : [forbidden("spec", podUpdates)];
  if (kind !== "PersistentVolumeClaim") return [];
  const isBound = stringAt(before, "status", "phase") === "Bound";
  // A class may be given where there was none, and a volume where there was none.
  const open = ["storageClassName", "volumeName"].filter((field) => objectAt(before, "spec")[field] === undefined);
  const fixed = (object: JsonObject) =>
    without(objectAt(object, "spec"), ...open, ...(isBound ? ["resources", "volumeAttributesClassName"] : []));
  const why = "spec is immutable after creation except for the size and class of bound claims";
  return equal(fixed(before), fixed(after)) ? [] : [forbidden("spec", why)];
}

function fixedPodSpec(pod: JsonObject): JsonObject {
  const spec = objectAt(pod, "spec");
  const fixed = (field: string) => listAt(spec, field).map((container) => without(objectAt(container), "image"));
  return {
    ...without(spec, "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"),
    ...{ containers: fixed("containers"), initContainers: fixed("initContainers") },
  };
}
