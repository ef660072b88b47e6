/** What a pod may be, by itself and in the template of a workload. */
import type { Cause } from "../cause.ts";
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { nanosOf } from "../podResources.ts";
import { duplicate, isPort, labelViolations, notFoundIn, portRange, required } from "./causes.ts";

export function podSpecViolations(spec: JsonObject, path: string): Cause[] {
  const volumes = new Set(listAt(spec, "volumes").map((volume) => stringAt(volume, "name")));
  const containers = listAt(spec, "containers");
  return [
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...["containers", "initContainers"].flatMap((field) =>
      containerViolations(listAt(spec, field), `${path}.${field}`, volumes),
    ),
    ...deadlineViolations(spec, path),
  ];
}

function deadlineViolations(spec: JsonObject, path: string): Cause[] {
  const seconds = numberAt(spec, "activeDeadlineSeconds");
  if (seconds === undefined || (seconds >= 1 && seconds <= 2_147_483_647)) return [];
  return [invalidValue(`${path}.activeDeadlineSeconds`, seconds, "must be between 1 and 2147483647, inclusive")];
}

function containerViolations(
  containers: readonly Json[],
  path: string,
  volumes: ReadonlySet<string | undefined>,
): Cause[] {
  const names = containers.map((container) => stringAt(container, "name") ?? "");
  return containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const name = names[index] ?? "";
    const isRepeated = name !== "" && names.indexOf(name) < index;
    return [
      ...(name === "" ? [required(`${at}.name`)] : labelViolations(`${at}.name`, name)),
      ...(isRepeated ? [duplicate(`${at}.name`, name)] : []),
      ...(stringAt(container, "image") ? [] : [required(`${at}.image`)]),
      ...listAt(container, "ports").flatMap((port, at2) => portViolations(port, `${at}.ports[${at2}]`)),
      ...listAt(container, "env").flatMap((each, at2) => variableViolations(each, `${at}.env[${at2}]`)),
      ...listAt(container, "volumeMounts").flatMap((mount, at2) => {
        const volume = stringAt(mount, "name");
        return volumes.has(volume) ? [] : [notFoundIn(`${at}.volumeMounts[${at2}].name`, volume ?? "")];
      }),
      ...overLimit(container, `${at}.resources.requests`),
    ];
  });
}

function portViolations(port: Json, path: string): Cause[] {
  const number = numberAt(port, "containerPort") ?? 0;
  if (number === 0) return [required(`${path}.containerPort`)];
  return isPort(number) ? [] : [invalidValue(`${path}.containerPort`, number, portRange)];
}

function variableViolations(variable: Json, path: string): Cause[] {
  const name = stringAt(variable, "name") ?? "";
  if (name === "") return [required(`${path}.name`)];
  const why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
  return /^[ -<>-~]+$/.test(name) ? [] : [invalidValue(`${path}.name`, name, why)];
}

/** Nobody asks for more than the limit. */
function overLimit(container: Json, path: string): Cause[] {
  const limits = objectAt(container, "resources", "limits");
  return Object.entries(objectAt(container, "resources", "requests")).flatMap(([name, amount]) => {
    const limit = limits[name];
    if (limit === undefined || nanosOf(amount) <= nanosOf(limit)) return [];
    return [invalidValue(path, amount, `must be less than or equal to ${name} limit of ${String(limit)}`)];
  });
}
