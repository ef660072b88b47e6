/** Stateful sets: their claims, and how their pods follow each other. */
import type { Cause } from "../cause.ts";
import { isObject, type JsonObject, listAt, numberAt, objectAt, stringAt, without } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { dotlessViolations, negative, negatives, required, unsupported } from "./causes.ts";
import { claimSpecViolations } from "./storage.ts";
import { chosenTemplateViolations, ownSelectorViolations, shownStrategy } from "./workloads.ts";

export function statefulSetViolations(object: JsonObject): Cause[] {
  const isStored = stringAt(object, "metadata", "resourceVersion") !== undefined;
  return [...specViolations(objectAt(object, "spec"), isStored), ...statusViolations(objectAt(object, "status"))];
}

const counts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];

/** No part is more than all. */
function statusViolations(status: JsonObject): Cause[] {
  const all = numberAt(status, "replicas") ?? 0;
  return [
    ...negatives("status", status, ["replicas", ...counts]),
    ...counts.flatMap((field) => {
      const part = numberAt(status, field) ?? 0;
      return part > all ? [invalidValue(`status.${field}`, part, "cannot be greater than status.replicas")] : [];
    }),
  ];
}

function specViolations(spec: JsonObject, isStored: boolean): Cause[] {
  const serviceName = stringAt(spec, "serviceName") ?? "";
  return [
    ...policyViolations(spec),
    ...strategyViolations(spec),
    ...retentionViolations(spec),
    ...(isStored ? [] : claimsViolations(spec)),
    ...negatives("spec", spec, ["replicas", "minReadySeconds"]),
    ...negative("spec.ordinals.start", objectAt(spec, "ordinals")["start"]),
    ...(isStored || serviceName === "" ? [] : dotlessViolations("spec.serviceName", serviceName)),
    ...ownSelectorViolations(spec, "statefulset"),
    ...chosenTemplateViolations(withClaims(spec), "StatefulSet"),
  ];
}

function claimsViolations(spec: JsonObject): Cause[] {
  return listAt(spec, "volumeClaimTemplates").flatMap((claim, index) =>
    claimSpecViolations(objectAt(claim, "spec"), `spec.volumeClaimTemplates[${index}].spec`),
  );
}

/** Its pods will have a volume for each claim, and the names that the controller gives. */
function withClaims(spec: JsonObject): JsonObject {
  const template = objectAt(spec, "template");
  const pod = without(objectAt(template, "spec"), "hostname", "subdomain");
  const names = listAt(spec, "volumeClaimTemplates").map((claim) => stringAt(claim, "metadata", "name") ?? "");
  const claimed = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = listAt(pod, "volumes").filter((volume) => !names.includes(stringAt(volume, "name") ?? ""));
  return { ...spec, template: { ...template, spec: { ...pod, volumes: [...claimed, ...others] } } };
}

function policyViolations(spec: JsonObject): Cause[] {
  const policy = stringAt(spec, "podManagementPolicy") ?? "";
  if (policy === "") return [required("spec.podManagementPolicy")];
  if (["OrderedReady", "Parallel"].includes(policy)) return [];
  return [invalidValue("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")];
}

function retentionViolations(spec: JsonObject): Cause[] {
  const path = "spec.persistentVolumeClaimRetentionPolicy";
  const policy = objectAt(spec, "persistentVolumeClaimRetentionPolicy");
  return ["whenDeleted", "whenScaled"].flatMap((field) => {
    const chosen = stringAt(policy, field) ?? "Retain";
    return ["Retain", "Delete"].includes(chosen) ? [] : [unsupported(`${path}.${field}`, chosen, ["Retain", "Delete"])];
  });
}

function strategyViolations(spec: JsonObject): Cause[] {
  const strategy = objectAt(spec, "updateStrategy");
  const rolling = strategy["rollingUpdate"];
  const path = "spec.updateStrategy";
  switch (stringAt(strategy, "type")) {
    case "OnDelete": {
      if (!isObject(rolling)) return [];
      const shown = { Partition: rolling["partition"] ?? 0, MaxUnavailable: rolling["maxUnavailable"] ?? null };
      return [invalidValue(`${path}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'")];
    }
    case "RollingUpdate":
      return negatives(`${path}.rollingUpdate`, objectAt(rolling), ["partition"]);
    default:
      return [invalidValue(path, shownStrategy(strategy), "must be 'RollingUpdate' or 'OnDelete'")];
  }
}
