/** What a write is warned of though it is done: the likeliest mistakes of those that a real API server names. */
import { equal, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import type { Resource } from "./resource.ts";
import { forms, nanos, shown } from "./validation/forms.ts";

type Old = JsonObject | undefined;

const templates: Readonly<Record<string, readonly string[]>> = {
  ...{ Deployment: ["spec", "template"], ReplicaSet: ["spec", "template"], Job: ["spec", "template"] },
  ...{ CronJob: ["spec", "jobTemplate", "spec", "template"], Pod: [] },
};

export function warningsOf({ kind, isCustom }: Resource, object: JsonObject, old?: JsonObject): string[] {
  if (isCustom) return [];
  if (kind === "Ingress") return ingressWarnings(object, old);
  const path = templates[kind];
  if (path === undefined) return [];
  const isSame = old !== undefined && (kind === "Pod" || equal(objectAt(object, "spec"), objectAt(old, "spec")));
  const place = kind === "Pod" ? "the Pod's hostname" : "Pod names and hostnames";
  return [
    ...(old === undefined && kind !== "CronJob" ? nameWarnings(object, place) : []),
    ...(isSame ? [] : podWarnings(objectAt(object, ...path, "spec"), [...path, "spec"].join("."))),
  ];
}

function nameWarnings(object: JsonObject, place: string): string[] {
  const problem = forms["dotless"]?.(stringAt(object, "metadata", "name") ?? "");
  if (problem === undefined) return [];
  const surprise = "which can result in surprising behavior; a DNS label is recommended";
  return [`metadata.name: this is used in ${place}, ${surprise}: [${problem}]`];
}

function ingressWarnings(object: JsonObject, old: Old): string[] {
  const key = "kubernetes.io/ingress.class";
  const isOld = objectAt(object, "metadata", "annotations")[key] !== undefined;
  if (old !== undefined || !isOld || stringAt(object, "spec", "ingressClassName") !== undefined) return [];
  return [`annotation "${key}" is deprecated, please use 'spec.ingressClassName' instead`];
}

function podWarnings(spec: JsonObject, path: string): string[] {
  return ["initContainers", "containers"].flatMap((field) =>
    listAt(spec, field).flatMap((container, index) => {
      const at = `${path}.${field}[${index}]`;
      return [...fractionWarnings(container, at), ...variableWarnings(container, at), ...portWarnings(container, at)];
    }),
  );
}

/** A part of a byte: whoever writes `100m` means megabytes. */
function fractionWarnings(container: Json, at: string): string[] {
  return ["memory", "ephemeral-storage"].flatMap((name) =>
    ["limits", "requests"].flatMap((field) => {
      const amount = objectAt(container, "resources", field)[name];
      if (nanos(amount) % 10n ** 9n === 0n) return [];
      const why = `fractional byte value ${JSON.stringify(shown(amount))} is invalid, must be an integer`;
      return [`${at}.resources.${field}[${name}]: ${why}`];
    }),
  );
}

/** Unless a variable is made of what it hides. */
function variableWarnings(container: Json, at: string): string[] {
  const names = listAt(container, "env").map((each) => stringAt(each, "name") ?? "");
  return listAt(container, "env").flatMap((each, index) => {
    const name = names[index] ?? "";
    if (names.indexOf(name) === index || (stringAt(each, "value") ?? "").includes(`$(${name})`)) return [];
    const hidden = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`;
    return [`${at}.env[${index}]: ${hidden}`];
  });
}

function portWarnings(container: Json, at: string): string[] {
  const ports = listAt(container, "ports").map((port) => {
    const [number = 0, host = 0] = ["containerPort", "hostPort"].map((field) => numberAt(port, field));
    return `${number}/${stringAt(port, "protocol") ?? "TCP"}/${host}/${stringAt(port, "hostIP") ?? ""}`;
  });
  return ports.flatMap((port, index) => {
    const first = ports.indexOf(port);
    return first < index ? [`${at}.ports[${index}]: duplicate port definition with ${at}.ports[${first}]`] : [];
  });
}

const ownersTwice =
  ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ";

/** With each owner once, which is warned of. */
export function withOwnersOnce(object: JsonObject, warn: (text: string) => void): JsonObject {
  const owners = listAt(object, "metadata", "ownerReferences");
  const isFirst = (owner: Json, index: number) => owners.findIndex((each) => equal(each, owner)) === index;
  const again = owners.filter((owner, index) => !isFirst(owner, index)).map((owner) => stringAt(owner, "uid") ?? "");
  if (again.length === 0) return object;
  warn(`${ownersTwice}${again.join(", ")}`);
  return { ...object, metadata: { ...objectAt(object, "metadata"), ownerReferences: owners.filter(isFirst) } };
}
