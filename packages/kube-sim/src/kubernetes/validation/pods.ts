/** What a pod may be, by itself and in the template of a workload. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { amountViolations, containerNameViolations, isDevice, nanos, shown } from "./amountNames.ts";
import { duplicate, forbidden, labelNameViolations, notFoundIn, oneOf, required } from "./causes.ts";
import { violationsBy } from "./rules.ts";

export function podSpecViolations(spec: JsonObject, path: string): Cause[] {
  const [volumes, regular] = [listAt(spec, "volumes"), listAt(spec, "containers")];
  const names = volumes.map((volume) => stringAt(volume, "name") ?? "");
  return [
    ...volumes.flatMap((volume, index) => violationsBy("Volume", volume, `${path}.volumes[${index}]`)),
    ...repeated(volumes, `${path}.volumes`),
    ...(regular.length === 0 ? [required(`${path}.containers`)] : []),
    ...containersViolations(spec, path, names),
    ...violationsBy("PodSpec", spec, path),
    ...seccompViolations(objectAt(spec, "securityContext"), `${path}.securityContext`),
    ...listAt(spec, "tolerations").flatMap((each, index) =>
      tolerationViolations(each, `${path}.tolerations[${index}]`),
    ),
    ...dnsViolations(spec, `${path}.dnsConfig`),
    ...(spec["shareProcessNamespace"] === true && spec["hostPID"] === true
      ? [invalidValue(`${path}.securityContext.shareProcessNamespace`, true, "cannot be combined with hostPID")]
      : []),
  ];
}

/** Of a pod by itself, and not of one that is only described. */
export function podViolations({ metadata, spec }: JsonObject): Cause[] {
  const given = isObject(spec) ? spec : {};
  const isStored = stringAt(metadata, "resourceVersion") !== undefined;
  const isHeld = listAt(given, "schedulingGates").length > 0 && Boolean(stringAt(given, "nodeName"));
  return [
    ...podSpecViolations(given, "spec"),
    ...(!isStored && listAt(given, "ephemeralContainers").length > 0
      ? [forbidden("spec.ephemeralContainers", "cannot be set on create")]
      : []),
    ...(!isStored && isHeld
      ? [forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")]
      : []),
  ];
}

function repeated(items: readonly Json[], path: string, field = "name"): Cause[] {
  const values = items.map((each) => stringAt(each, field) ?? "");
  return values.flatMap((value, index) =>
    value !== "" && values.indexOf(value) < index ? [duplicate(`${path}[${index}].${field}`, value)] : [],
  );
}

function containersViolations(spec: JsonObject, path: string, volumes: readonly string[]): Cause[] {
  const all = ["containers", "initContainers"].flatMap((field) =>
    listAt(spec, field).map((container, index) => ({ container, field, at: `${path}.${field}[${index}]` })),
  );
  const ports = new Set<string>();
  return [
    // Init containers share their names with the others.
    ...repeated(
      all.map(({ container }) => container),
      `${path}.containers`,
    ),
    ...all.flatMap(({ container, field, at }) => {
      const isRegular = field === "containers" || stringAt(container, "restartPolicy") === "Always";
      return [
        ...containerViolations(objectAt(container), at, volumes),
        ...(isRegular ? violationsBy("Life", container, at) : lifeless(objectAt(container), at)),
        ...listAt(container, "ports").flatMap((port, index) =>
          hostPortViolations(port, `${at}.ports[${index}].hostPort`, {
            taken: field === "containers" ? ports : new Set(),
            isOnHost: spec["hostNetwork"] === true,
          }),
        ),
      ];
    }),
  ];
}

function hostPortViolations(
  port: Json,
  at: string,
  { taken, isOnHost }: { taken: Set<string>; isOnHost: boolean },
): Cause[] {
  const host = numberAt(port, "hostPort") ?? 0;
  if (host === 0) return [];
  const key = `${stringAt(port, "protocol") ?? ""}/${stringAt(port, "hostIP") ?? ""}/${host}`;
  const isTaken = taken.has(key);
  taken.add(key);
  const isOther = isOnHost && host !== numberAt(port, "containerPort");
  return [
    ...(isTaken ? [duplicate(at, key)] : []),
    ...(isOther ? [invalidValue(at, host, "must match `containerPort` when `hostNetwork` is true")] : []),
  ];
}

function lifeless(container: JsonObject, path: string): Cause[] {
  return ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]
    .filter((field) => isObject(container[field]))
    .map((field) => forbidden(`${path}.${field}`, "may not be set for init containers without restartPolicy=Always"));
}

function containerViolations(container: JsonObject, at: string, volumes: readonly string[]): Cause[] {
  const mounts = listAt(container, "volumeMounts");
  const context = objectAt(container, "securityContext");
  const isRaised = context["privileged"] === true || listAt(context, "capabilities", "add").includes("CAP_SYS_ADMIN");
  return [
    ...violationsBy("Container", container, at),
    ...listAt(container, "env").flatMap((each, index) => sourceViolations(each, `${at}.env[${index}].valueFrom`)),
    ...mounts.flatMap((mount, index) => {
      const name = stringAt(mount, "name") ?? "";
      return [
        ...violationsBy("Mount", mount, `${at}.volumeMounts[${index}]`),
        ...(volumes.includes(name) ? [] : [notFoundIn(`${at}.volumeMounts[${index}].name`, name)]),
      ];
    }),
    ...repeated(mounts, `${at}.volumeMounts`, "mountPath").map(({ field, message }) => ({
      ...{ reason: "FieldValueInvalid", field },
      message: `${message.replace("Duplicate value", "Invalid value")}: must be unique`,
    })),
    ...resourcesViolations(objectAt(container, "resources"), `${at}.resources`),
    ...seccompViolations(context, `${at}.securityContext`),
    ...(context["allowPrivilegeEscalation"] === false && isRaised
      ? [
          invalidValue(
            `${at}.securityContext`,
            context,
            "cannot set `allowPrivilegeEscalation` to false and more rights",
          ),
        ]
      : []),
  ];
}

const sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

/** Where the value of a variable comes from. */
function sourceViolations(variable: Json, path: string): Cause[] {
  const from = objectAt(variable)["valueFrom"];
  if (!isObject(from)) return [];
  const given = sources.filter((name) => isObject(from[name]));
  const own = given.flatMap((name) => violationsBy(name, from[name], `${path}.${name}`));
  if (given.length === 0) return [invalidValue(path, "", `must specify one of: ${sources.join(", ")}`)];
  if (stringAt(variable, "value")) own.push(invalidValue(path, "", "may not be specified when `value` is not empty"));
  if (given.length > 1) own.push(invalidValue(path, "", "may not have more than one field specified at a time"));
  return own;
}

function resourcesViolations(resources: JsonObject, path: string): Cause[] {
  const limits = objectAt(resources, "limits");
  const named = (field: string) =>
    Object.entries(objectAt(resources, field)).flatMap(([name, amount]) => {
      const at = `${path}.${field}[${name}]`;
      return [...containerNameViolations(at, name), ...amountViolations(at, name, amount)];
    });
  return [
    ...named("limits"),
    ...named("requests"),
    ...Object.entries(objectAt(resources, "requests")).flatMap(([name, amount]) =>
      overLimit(path, { name, amount, limit: limits[name] }),
    ),
  ];
}

/** Nobody asks for more than the limit; of devices, for just as much. */
function overLimit(
  path: string,
  { name, amount, limit }: { name: string; amount: Json; limit: Json | undefined },
): Cause[] {
  const field = `${path}.requests`;
  if (limit === undefined) {
    if (!isDevice(name)) return [];
    return [required(`${path}.limits`, "Limit must be set for non overcommitable resources")];
  }
  const of = `${name} limit of ${shown(limit)}`;
  if (isDevice(name) && nanos(amount) !== nanos(limit)) {
    return [invalidValue(field, shown(amount), `must be equal to ${of}`)];
  }
  return nanos(amount) > nanos(limit)
    ? [invalidValue(field, shown(amount), `must be less than or equal to ${of}`)]
    : [];
}

function seccompViolations(context: JsonObject, path: string): Cause[] {
  const at = `${path}.seccompProfile.localhostProfile`;
  const local = stringAt(context, "seccompProfile", "localhostProfile");
  const isLocal = stringAt(context, "seccompProfile", "type") === "Localhost";
  if (isLocal && !local) return [required(at, "must be set when seccomp type is Localhost")];
  if (local === undefined) return [];
  if (!isLocal) return [invalidValue(at, local, "can only be set when seccomp type is Localhost")];
  return local.split("/").includes("..") ? [invalidValue(at, local, "must not contain '..'")] : [];
}

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function tolerationViolations(toleration: Json, path: string): Cause[] {
  const [key = "", value = "", operator = "", effect = ""] = ["key", "value", "operator", "effect"].map((field) =>
    stringAt(toleration, field),
  );
  const everything = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
  const isTimed = numberAt(toleration, "tolerationSeconds") !== undefined;
  return [
    ...(key === "" ? [] : labelNameViolations(`${path}.key`, key)),
    ...(key === "" && operator !== "Exists" ? [invalidValue(`${path}.operator`, operator, everything)] : []),
    ...(isTimed && effect !== "NoExecute"
      ? [invalidValue(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...(operator === "Exists" && value !== ""
      ? [invalidValue(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'")]
      : []),
    ...oneOf(`${path}.operator`, operator || null, ["Equal", "Exists"]),
    ...oneOf(`${path}.effect`, effect || null, effects),
    ...violationsBy("Toleration", toleration, path),
  ];
}

export function taintsViolations(taints: readonly Json[], path: string): Cause[] {
  const keys = taints.map((taint) => `${stringAt(taint, "key")}:${stringAt(taint, "effect")}`);
  return taints.flatMap((taint, index) => [
    ...violationsBy("Taint", taint, `${path}[${index}]`),
    ...(keys.indexOf(keys[index] ?? "") < index ? [duplicate(`${path}[${index}]`, keys[index] ?? "")] : []),
  ]);
}

function dnsViolations(spec: JsonObject, path: string): Cause[] {
  const servers = listAt(spec, "dnsConfig", "nameservers");
  if (spec["dnsPolicy"] === "None" && servers.length === 0) {
    return [required(path, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  }
  const why = "must not have more than 3 nameservers";
  return servers.length > 3 ? [invalidValue(`${path}.nameservers`, servers, why)] : [];
}
