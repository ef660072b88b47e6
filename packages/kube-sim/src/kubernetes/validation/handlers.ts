/** Probes, and what is done around the life of a container. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { forbidden, negatives, oneOf, portViolations, required } from "./causes.ts";

const numbers = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/** Of a container that goes on: how it is looked at, and what it does at its beginning and end. */
export function lifeViolations(container: Json, path: string): Cause[] {
  const lifecycle = objectAt(container, "lifecycle");
  return [
    ...["postStart", "preStop"].flatMap((hook) =>
      isObject(lifecycle[hook]) ? handlerViolations(lifecycle[hook], `${path}.lifecycle.${hook}`) : [],
    ),
    ...["livenessProbe", "readinessProbe", "startupProbe"].flatMap((field) => {
      const probe = isObject(container) ? container[field] : undefined;
      return isObject(probe) ? probeViolations(probe, `${path}.${field}`, field) : [];
    }),
  ];
}

function probeViolations(probe: JsonObject, path: string, kind: string): Cause[] {
  const grace = numberAt(probe, "terminationGracePeriodSeconds");
  const successes = numberAt(probe, "successThreshold") ?? 1;
  const isReadiness = kind === "readinessProbe";
  return [
    ...handlerViolations(probe, path),
    ...negatives(path, probe, numbers),
    ...(grace !== undefined && grace <= 0
      ? [invalidValue(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than 0")]
      : []),
    ...(isReadiness && grace !== undefined
      ? [invalidValue(`${path}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes")]
      : []),
    ...(!isReadiness && successes !== 1 ? [invalidValue(`${path}.successThreshold`, successes, "must be 1")] : []),
  ];
}

const handlers: Readonly<Record<string, (handler: JsonObject, path: string) => Cause[]>> = {
  exec: (exec, path) => (listAt(exec, "command").length === 0 ? [required(`${path}.command`)] : []),
  httpGet: (http, path) => [
    ...(stringAt(http, "path") ? [] : [required(`${path}.path`)]),
    ...portViolations(`${path}.port`, http["port"]),
    ...oneOf(`${path}.scheme`, http["scheme"], ["HTTP", "HTTPS"]),
    ...listAt(http, "httpHeaders").flatMap((header) => headerViolations(stringAt(header, "name") ?? "", path)),
  ],
  tcpSocket: (socket, path) => portViolations(`${path}.port`, socket["port"]),
  grpc: (grpc, path) => portViolations(`${path}.port`, grpc["port"] ?? 0),
  sleep: () => [],
};

function headerViolations(name: string, path: string): Cause[] {
  const why =
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
  return /^[-A-Za-z0-9]+$/.test(name) ? [] : [invalidValue(`${path}.httpHeaders`, name, why)];
}

/** Just one of them. */
function handlerViolations(handler: JsonObject, path: string): Cause[] {
  const given = Object.keys(handlers).filter((name) => isObject(handler[name]));
  if (given.length === 0) return [required(path, "must specify a handler type")];
  return given.flatMap((name, index) =>
    index === 0
      ? (handlers[name]?.(objectAt(handler, name), `${path}.${name}`) ?? [])
      : [forbidden(`${path}.${name}`, "may not specify more than 1 handler type")],
  );
}
