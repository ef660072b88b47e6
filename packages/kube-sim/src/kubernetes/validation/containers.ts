/** The containers of a pod. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { amountViolations, containerNameViolations, isDevice, nanos, shown } from "./amountNames.ts";
import {
  duplicate,
  forbidden,
  isPort,
  labelViolations,
  notFoundIn,
  oneOf,
  portNameProblems,
  portRange,
  required,
  subdomainViolations,
} from "./causes.ts";
import { keyProblems } from "./data.ts";
import { lifeViolations } from "./handlers.ts";
import { backstepViolations } from "./volumes.ts";

type Volumes = ReadonlySet<string>;

export function containersViolations(containers: readonly Json[], path: string, volumes: Volumes): Cause[] {
  if (containers.length === 0) return [required(path)];
  const names = containers.map((container) => stringAt(container, "name") ?? "");
  const each = containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const name = names[index] ?? "";
    return [
      ...containerViolations(container, at, volumes),
      ...(names.indexOf(name) < index ? [duplicate(`${at}.name`, name)] : []),
      ...lifeViolations(container, at),
    ];
  });
  return [...each, ...hostPortConflicts(containers, path)];
}

/** They run one after another, but for those that go on beside the others. */
export function initContainersViolations(
  containers: readonly Json[],
  path: string,
  { volumes, regular }: { volumes: Volumes; regular: readonly Json[] },
): Cause[] {
  const names = new Set(regular.map((container) => stringAt(container, "name") ?? ""));
  return containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const name = stringAt(container, "name") ?? "";
    const isTaken = names.has(name);
    if (name !== "") names.add(name);
    const goesOn = stringAt(container, "restartPolicy") === "Always";
    return [
      ...containerViolations(container, at, volumes),
      ...(isTaken ? [duplicate(`${at}.name`, name)] : []),
      ...(goesOn ? lifeViolations(container, at) : lifeless(objectAt(container), at)),
    ];
  });
}

function lifeless(container: JsonObject, path: string): Cause[] {
  return ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]
    .filter((field) => isObject(container[field]))
    .map((field) => forbidden(`${path}.${field}`, "may not be set for init containers without restartPolicy=Always"));
}

function containerViolations(container: Json, at: string, volumes: Volumes): Cause[] {
  const name = stringAt(container, "name") ?? "";
  const given = objectAt(container);
  const below = (field: string, check: (item: Json, path: string) => Cause[]) =>
    listAt(container, field).flatMap((item, index) => check(item, `${at}.${field}[${index}]`));
  return [
    ...(name === "" ? [required(`${at}.name`)] : labelViolations(`${at}.name`, name)),
    ...imageViolations(stringAt(container, "image") ?? "", `${at}.image`),
    ...oneOf(`${at}.terminationMessagePolicy`, given["terminationMessagePolicy"], ["FallbackToLogsOnError", "File"]),
    ...portsViolations(listAt(container, "ports"), `${at}.ports`),
    ...below("env", variableViolations),
    ...listAt(container, "envFrom").flatMap((each, index) => fromViolations(each, `${at}.envFrom`, index)),
    ...mountsViolations(listAt(container, "volumeMounts"), `${at}.volumeMounts`, volumes),
    ...oneOf(`${at}.imagePullPolicy`, given["imagePullPolicy"], ["Always", "IfNotPresent", "Never"]),
    ...resourcesViolations(objectAt(container, "resources"), `${at}.resources`),
    ...securityViolations(objectAt(container, "securityContext"), `${at}.securityContext`),
  ];
}

function imageViolations(image: string, field: string): Cause[] {
  if (image === "") return [required(field)];
  return image === image.trim() ? [] : [invalidValue(field, image, "must not have leading or trailing whitespace")];
}

function portsViolations(ports: readonly Json[], path: string): Cause[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${path}[${index}]`;
    const name = stringAt(port, "name") ?? "";
    const problems = name === "" ? [] : portNameProblems(name);
    const isTaken = name !== "" && names.has(name);
    if (problems.length === 0) names.add(name);
    const [own = 0, host = 0] = ["containerPort", "hostPort"].map((field) => numberAt(port, field));
    return [
      ...problems.map((problem) => invalidValue(`${at}.name`, name, problem)),
      ...(isTaken ? [duplicate(`${at}.name`, name)] : []),
      ...(own === 0 ? [required(`${at}.containerPort`)] : []),
      ...(isPort(own) || own === 0 ? [] : [invalidValue(`${at}.containerPort`, own, portRange)]),
      ...(isPort(host) || host === 0 ? [] : [invalidValue(`${at}.hostPort`, host, portRange)]),
      ...oneOf(`${at}.protocol`, objectAt(port)["protocol"], ["SCTP", "TCP", "UDP"]),
    ];
  });
}

function hostPortConflicts(containers: readonly Json[], path: string): Cause[] {
  const taken = new Set<string>();
  return containers.flatMap((container, index) =>
    listAt(container, "ports").flatMap((port, number) => {
      const host = numberAt(port, "hostPort") ?? 0;
      if (host === 0) return [];
      const key = `${stringAt(port, "protocol") ?? ""}/${stringAt(port, "hostIP") ?? ""}/${host}`;
      const isTaken = taken.has(key);
      taken.add(key);
      return isTaken ? [duplicate(`${path}[${index}].ports[${number}].hostPort`, key)] : [];
    }),
  );
}

const variableText = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const variableName = /^[ -<>-~]+$/;

function variableViolations(variable: Json, path: string): Cause[] {
  const name = stringAt(variable, "name") ?? "";
  const from = objectAt(variable)["valueFrom"];
  return [
    ...(name === "" ? [required(`${path}.name`)] : []),
    ...(name === "" || variableName.test(name) ? [] : [invalidValue(`${path}.name`, name, variableText)]),
    ...(isObject(from) ? sourceViolations(from, stringAt(variable, "value") ?? "", `${path}.valueFrom`) : []),
  ];
}

const fieldPaths = [
  ...["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"],
  ...["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"],
];

/** Where the value of a variable comes from. */
const variableSources: Readonly<Record<string, (source: JsonObject, path: string) => Cause[]>> = {
  fieldRef: (source, path) => {
    const field = stringAt(source, "fieldPath") ?? "";
    if (field === "") return [required(`${path}.fieldPath`)];
    if (fieldPaths.includes(field) || /^metadata\.(labels|annotations)\['[^']+'\]$/.test(field)) return [];
    const why = `error converting fieldPath: field label not supported: ${field}`;
    return [invalidValue(`${path}.fieldPath`, field, why)];
  },
  resourceFieldRef: (source, path) => (stringAt(source, "resource") ? [] : [required(`${path}.resource`)]),
  configMapKeyRef: keyViolations,
  secretKeyRef: keyViolations,
  fileKeyRef: () => [],
};

function keyViolations(source: JsonObject, path: string): Cause[] {
  const [name = "", key = ""] = ["name", "key"].map((field) => stringAt(source, field));
  return [
    ...subdomainViolations(`${path}.name`, name),
    ...(key === "" ? [required(`${path}.key`)] : keyProblems(key).map((why) => invalidValue(`${path}.key`, key, why))),
  ];
}

function sourceViolations(from: JsonObject, value: string, path: string): Cause[] {
  const given = Object.keys(variableSources).filter((name) => isObject(from[name]));
  const own = given.flatMap((name) => variableSources[name]?.(objectAt(from, name), `${path}.${name}`) ?? []);
  if (given.length === 0) {
    const all = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    return [invalidValue(path, "", `must specify one of: ${all}`)];
  }
  if (value !== "") return [...own, invalidValue(path, "", "may not be specified when `value` is not empty")];
  if (given.length === 1) return own;
  return [...own, invalidValue(path, "", "may not have more than one field specified at a time")];
}

function fromViolations(from: Json, path: string, index: number): Cause[] {
  const prefix = stringAt(from, "prefix") ?? "";
  const given = ["configMapRef", "secretRef"].filter((field) => isObject(objectAt(from)[field]));
  return [
    ...(prefix === "" || variableName.test(prefix)
      ? []
      : [invalidValue(`${path}[${index}].prefix`, prefix, variableText)]),
    ...given
      .filter((field) => !stringAt(from, field, "name"))
      .map((field) => required(`${path}[${index}].${field}.name`)),
    ...(given.length === 0 ? [invalidValue(path, "", "must specify one of: `configMapRef` or `secretRef`")] : []),
    ...(given.length > 1 ? [invalidValue(path, "", "may not have more than one field specified at a time")] : []),
  ];
}

function mountsViolations(mounts: readonly Json[], path: string, volumes: Volumes): Cause[] {
  const places = mounts.map((mount) => stringAt(mount, "mountPath") ?? "");
  return mounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const name = stringAt(mount, "name") ?? "";
    const place = places[index] ?? "";
    const subPath = stringAt(mount, "subPath") ?? "";
    return [
      ...(name === "" ? [required(`${at}.name`)] : []),
      ...(volumes.has(name) ? [] : [notFoundIn(`${at}.name`, name)]),
      ...(place === "" ? [required(`${at}.mountPath`)] : []),
      ...(places.indexOf(place) < index ? [invalidValue(`${at}.mountPath`, place, "must be unique")] : []),
      ...(subPath.startsWith("/") ? [invalidValue(`${path}.subPath`, subPath, "must be a relative path")] : []),
      ...backstepViolations(`${path}.subPath`, subPath),
    ];
  });
}

function resourcesViolations(resources: JsonObject, path: string): Cause[] {
  const limits = objectAt(resources, "limits");
  const named = (field: string, [name, amount]: readonly [string, Json]) => {
    const at = `${path}.${field}[${name}]`;
    return [...containerNameViolations(at, name), ...amountViolations(at, name, amount)];
  };
  return [
    ...Object.entries(limits).flatMap((each) => named("limits", each)),
    ...Object.entries(objectAt(resources, "requests")).flatMap(([name, amount]) => [
      ...named("requests", [name, amount]),
      ...overLimit(path, { name, amount, limit: limits[name] }),
    ]),
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

const userRange = "must be between 0 and 2147483647, inclusive";

/** Users and groups, of a container or of its pod. */
export function userViolations(context: JsonObject, fields: readonly string[], path: string): Cause[] {
  return fields.flatMap((field) => {
    const id = numberAt(context, field);
    return id === undefined || (id >= 0 && id <= 2_147_483_647)
      ? []
      : [invalidValue(`${path}.${field}`, id, userRange)];
  });
}

export function seccompViolations(context: JsonObject, path: string): Cause[] {
  const profile = objectAt(context, "seccompProfile");
  const at = `${path}.seccompProfile`;
  const local = stringAt(profile, "localhostProfile");
  if (stringAt(profile, "type") === "Localhost") {
    if (local) return backstepViolations(`${at}.localhostProfile`, local);
    return [required(`${at}.localhostProfile`, "must be set when seccomp type is Localhost")];
  }
  if (local === undefined) return [];
  return [invalidValue(`${at}.localhostProfile`, local, "can only be set when seccomp type is Localhost")];
}

const contextFields = [
  ...["capabilities", "privileged", "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup", "runAsNonRoot"],
  ...["readOnlyRootFilesystem", "allowPrivilegeEscalation", "procMount", "seccompProfile", "appArmorProfile"],
];
const goNames: Readonly<Record<string, string>> = { seLinuxOptions: "SELinuxOptions" };

function shownCapabilities(capabilities: Json | undefined): Json {
  if (!isObject(capabilities)) return null;
  return { Add: capabilities["add"] ?? null, Drop: capabilities["drop"] ?? null };
}

function securityViolations(context: JsonObject, path: string): Cause[] {
  const causes = [...userViolations(context, ["runAsUser", "runAsGroup"], path), ...seccompViolations(context, path)];
  if (context["allowPrivilegeEscalation"] !== false) return causes;
  const shownContext = Object.fromEntries(
    contextFields.map((field) => {
      const name = goNames[field] ?? `${field[0]?.toUpperCase()}${field.slice(1)}`;
      return [name, field === "capabilities" ? shownCapabilities(context[field]) : (context[field] ?? null)];
    }),
  );
  const refuse = (what: string) =>
    invalidValue(path, shownContext, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`);
  const added = listAt(context, "capabilities", "add");
  return [
    ...causes,
    ...(context["privileged"] === true ? [refuse("`privileged` to true")] : []),
    ...(added.includes("CAP_SYS_ADMIN") ? [refuse("`capabilities.Add` CAP_SYS_ADMIN")] : []),
  ];
}
