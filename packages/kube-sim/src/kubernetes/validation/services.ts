/** Services, in the order in which the API server looks at them. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, labelKeyProblems } from "../metadataRules.ts";
import {
  addressViolations,
  duplicate,
  forbidden,
  isPort,
  labelsViolations,
  labelViolations,
  oneOf,
  portRange,
  portViolations,
  required,
  specialAddressViolations,
  subdomainViolations,
} from "./causes.ts";

export function serviceViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const ports = listAt(spec, "ports");
  const type = stringAt(spec, "type") ?? "";
  const isHeadless = stringAt(spec, "clusterIP") === "None";
  return [
    ...(ports.length === 0 && !isHeadless && type !== "ExternalName" ? [required("spec.ports")] : []),
    ...typeViolations(spec, type, isHeadless),
    ...portsViolations(ports),
    ...labelsViolations("spec.selector", spec["selector"]),
    ...affinityViolations(spec),
    ...(type === "ExternalName" ? [] : familyViolations(spec)),
    ...listAt(spec, "externalIPs").flatMap((each, index) =>
      outerViolations(String(each), `spec.externalIPs[${index}]`),
    ),
    ...oneOf("spec.type", type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ...conflictViolations(ports, type),
    ...balancerViolations(spec, type),
    ...trafficViolations(spec, type),
    ...statusViolations(object, type),
  ];
}

function typeViolations(spec: JsonObject, type: string, isHeadless: boolean): Cause[] {
  if (isHeadless && ["LoadBalancer", "NodePort"].includes(type)) {
    return [invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`)];
  }
  if (type !== "ExternalName") return [];
  const name = (stringAt(spec, "externalName") ?? "").replace(/\.$/, "");
  const why = "may not be set for ExternalName services";
  return [
    ...(stringAt(spec, "clusterIP") || listAt(spec, "clusterIPs").length > 0
      ? [forbidden("spec.clusterIPs", why)]
      : []),
    ...(listAt(spec, "ipFamilies").length > 0 ? [forbidden("spec.ipFamilies", why)] : []),
    ...((spec["ipFamilyPolicy"] ?? null) === null ? [] : [forbidden("spec.ipFamilyPolicy", why)]),
    ...(name === "" ? [required("spec.externalName")] : subdomainViolations("spec.externalName", name)),
  ];
}

function portsViolations(ports: readonly Json[]): Cause[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const name = stringAt(port, "name") ?? "";
    const number = objectAt(port)["port"] ?? 0;
    const protocol = stringAt(port, "appProtocol");
    const isTaken = name !== "" && names.has(name);
    names.add(name);
    return [
      ...(ports.length > 1 && name === "" ? [required(`${at}.name`)] : []),
      ...(name === "" ? [] : labelViolations(`${at}.name`, name)),
      ...(isTaken ? [duplicate(`${at}.name`, name)] : []),
      ...(isPort(number) ? [] : [invalidValue(`${at}.port`, number, portRange)]),
      ...oneOf(`${at}.protocol`, objectAt(port)["protocol"], ["SCTP", "TCP", "UDP"]),
      ...portViolations(`${at}.targetPort`, objectAt(port)["targetPort"] ?? number),
      ...(protocol === undefined
        ? []
        : labelKeyProblems(protocol).map((problem) => invalidValue(`${at}.appProtocol`, protocol, problem))),
    ];
  });
}

const mostSeconds = 86_400;

function affinityViolations(spec: JsonObject): Cause[] {
  const affinity = stringAt(spec, "sessionAffinity") ?? "";
  const causes = oneOf("spec.sessionAffinity", affinity, ["ClientIP", "None"]);
  const config = spec["sessionAffinityConfig"];
  if (affinity === "None" && isObject(config)) {
    return [...causes, forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None")];
  }
  const seconds = numberAt(config, "clientIP", "timeoutSeconds");
  if (affinity !== "ClientIP" || seconds === undefined || (seconds > 0 && seconds <= mostSeconds)) return causes;
  const field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
  return [...causes, invalidValue(field, seconds, `must be greater than 0 and less than ${mostSeconds}`)];
}

function familyViolations(spec: JsonObject): Cause[] {
  const addresses = listAt(spec, "clusterIPs").map(String);
  const single = stringAt(spec, "clusterIP") ?? "";
  const policy = spec["ipFamilyPolicy"];
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  return [
    ...(single !== "" && addresses.length > 0 && addresses[0] !== single
      ? [invalidValue("spec.clusterIPs", addresses, "first value must match `clusterIP`")]
      : []),
    ...listAt(spec, "ipFamilies").flatMap((family, index) =>
      oneOf(`spec.ipFamilies[${index}]`, family, ["IPv4", "IPv6"]),
    ),
    ...oneOf("spec.ipFamilyPolicy", policy, policies),
    ...addresses.flatMap((address, index) =>
      address === "None" ? [] : addressViolations(`spec.clusterIPs[${index}]`, address),
    ),
    ...(addresses.length > 2 ? [invalidValue("spec.clusterIPs", addresses, "may only hold up to 2 values")] : []),
  ];
}

function outerViolations(address: string, field: string): Cause[] {
  const causes = addressViolations(field, address);
  return causes.length > 0 ? causes : specialAddressViolations(field, address);
}

function conflictViolations(ports: readonly Json[], type: string): Cause[] {
  const [taken, takenNodes] = [new Set<string>(), new Set<string>()];
  const inner = ports.flatMap((port, index) =>
    type === "ClusterIP" && (numberAt(port, "nodePort") ?? 0) !== 0
      ? [forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : [],
  );
  const nodes = ports.flatMap((port, index) => {
    const number = numberAt(port, "nodePort") ?? 0;
    const key = `${stringAt(port, "protocol") ?? ""} ${number}`;
    const isTaken = number !== 0 && takenNodes.has(key);
    takenNodes.add(key);
    return isTaken ? [duplicate(`spec.ports[${index}].nodePort`, number)] : [];
  });
  const own = ports.flatMap((port, index) => {
    const [Protocol, Port] = [stringAt(port, "protocol") ?? "", numberAt(port, "port") ?? 0];
    const isTaken = taken.has(`${Protocol} ${Port}`);
    taken.add(`${Protocol} ${Port}`);
    const shown = { Name: "", Protocol, AppProtocol: null, Port, TargetPort: 0, NodePort: 0 };
    return isTaken ? [duplicate(`spec.ports[${index}]`, shown)] : [];
  });
  return [...inner, ...nodes, ...own];
}

function balancerViolations(spec: JsonObject, type: string): Cause[] {
  if (type === "LoadBalancer") return [];
  const why = "may only be used when `type` is 'LoadBalancer'";
  return [
    ...(listAt(spec, "loadBalancerSourceRanges").length > 0 ? [forbidden("spec.LoadBalancerSourceRanges", why)] : []),
    ...((spec["allocateLoadBalancerNodePorts"] ?? null) === null
      ? []
      : [forbidden("spec.allocateLoadBalancerNodePorts", why)]),
    ...(stringAt(spec, "loadBalancerClass") === undefined ? [] : [forbidden("spec.loadBalancerClass", why)]),
  ];
}

function trafficViolations(spec: JsonObject, type: string): Cause[] {
  const outer = stringAt(spec, "externalTrafficPolicy") ?? "";
  const isOuter = ["LoadBalancer", "NodePort"].includes(type) || listAt(spec, "externalIPs").length > 0;
  const field = "spec.externalTrafficPolicy";
  return [
    ...(!isOuter && outer !== ""
      ? [invalidValue(field, outer, "may only be set for externally-accessible services")]
      : []),
    ...(isOuter && outer !== "" ? oneOf(field, outer, ["Cluster", "Local"]) : []),
    ...oneOf("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], ["Cluster", "Local"]),
  ];
}

function statusViolations(object: JsonObject, type: string): Cause[] {
  const entries = listAt(object, "status", "loadBalancer", "ingress");
  if (entries.length === 0 || type === "LoadBalancer") return [];
  return [forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'")];
}
