/** Services, their endpoints, ingresses and network policies. */
import { BlockList, isIP } from "node:net";
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, subdomainProblems } from "../metadataRules.ts";
import {
  addressViolations,
  duplicate,
  forbidden,
  isPort,
  oneOf,
  portRange,
  required,
  specialAddressViolations,
  subdomainViolations,
  tooMany,
} from "./causes.ts";
import { violationsBy } from "./rules.ts";

export function endpointsViolations(object: JsonObject): Cause[] {
  return [
    ...violationsBy("Endpoints", object, ""),
    ...listAt(object, "subsets").flatMap((subset, index) => {
      const addresses = ["addresses", "notReadyAddresses"].flatMap((field) => listAt(subset, field));
      const ports = listAt(subset, "ports");
      const isNameless = ports.length > 1 && ports.some((port) => !stringAt(port, "name"));
      return [
        ...(addresses.length === 0
          ? [required(`subsets[${index}]`, "must specify `addresses` or `notReadyAddresses`")]
          : []),
        ...addresses.flatMap((each) =>
          specialAddressViolations(`subsets[${index}].addresses`, stringAt(each, "ip") ?? ""),
        ),
        ...(isNameless ? [required(`subsets[${index}].ports.name`)] : []),
      ];
    }),
  ];
}

export function endpointSliceViolations(object: JsonObject): Cause[] {
  const type = stringAt(object, "addressType") ?? "";
  const names = listAt(object, "ports").map((port) => stringAt(port, "name") ?? "");
  return [
    ...violationsBy("EndpointSlice", object, ""),
    ...(names.filter((name) => name === "").length > 1 ? [duplicate("ports.name", "")] : []),
    ...listAt(object, "endpoints").flatMap((endpoint, index) => {
      const at = `endpoints[${index}].addresses`;
      const addresses = listAt(endpoint, "addresses").map(String);
      if (addresses.length === 0) return [required(at, "must contain at least 1 address")];
      if (addresses.length > 100) return [tooMany(at, addresses.length, 100)];
      return addresses.flatMap((address, number) => sliceAddressViolations(address, type, `${at}[${number}]`));
    }),
  ];
}

function sliceAddressViolations(address: string, type: string, field: string): Cause[] {
  if (type === "FQDN") return subdomainViolations(field, address);
  if (type !== "IPv4" && type !== "IPv6") return [];
  const causes = addressViolations(field, address);
  if (causes.length > 0) return causes;
  const isOther = isIP(address) !== (type === "IPv4" ? 4 : 6);
  return [
    ...(isOther ? [invalidValue(field, address, `must be an ${type} address`)] : []),
    ...specialAddressViolations(field, address),
  ];
}

export function ingressViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const rules = listAt(spec, "rules");
  const own = stringAt(object, "metadata", "annotations", "kubernetes.io/ingress.class");
  const name = stringAt(spec, "ingressClassName");
  const isNew = stringAt(object, "metadata", "resourceVersion") === undefined;
  const hosts = listAt(spec, "tls").flatMap((each) => listAt(each, "hosts").map(String));
  return [
    ...(rules.length === 0 && !isObject(spec["defaultBackend"])
      ? [invalidValue("spec", null, "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...violationsBy("Ingress", object, ""),
    ...portChoice(objectAt(spec, "defaultBackend"), "spec.defaultBackend"),
    ...rules.flatMap((rule, index) => ruleViolations(rule, `spec.rules[${index}]`)),
    ...hosts.flatMap((host) => hostViolations(host, "spec.tls.hosts")),
    ...(isNew && own !== undefined && name !== undefined && own !== name
      ? [invalidValue("annotations.kubernetes.io/ingress.class", own, "must match `ingressClassName`")]
      : []),
  ];
}

function hostViolations(host: string, field: string): Cause[] {
  if (!host.includes("*")) return subdomainViolations(field, host);
  const isWildcard = host.startsWith("*.") && subdomainProblems(host.slice(2)).length === 0;
  const why = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain";
  return isWildcard ? [] : [invalidValue(field, host, why)];
}

function ruleViolations(rule: Json, at: string): Cause[] {
  const host = stringAt(rule, "host") ?? "";
  return [
    ...(isIP(host) > 0 ? [invalidValue(`${at}.host`, host, "must be a DNS name, not an IP address")] : []),
    ...(host === "" ? [] : hostViolations(host, `${at}.host`)),
    ...listAt(rule, "http", "paths").flatMap((path, index) => pathViolations(path, `${at}.http.paths[${index}]`)),
  ];
}

const unwanted = /\/\/|\/\.\.?(\/|$)|%2f/i;

function pathViolations(path: Json, at: string): Cause[] {
  const [type = "", text = ""] = ["pathType", "path"].map((field) => stringAt(path, field));
  const isPlain = ["Exact", "Prefix"].includes(type);
  const refuse = (isSo: boolean, why: string) => (isSo ? [invalidValue(`${at}.path`, text, why)] : []);
  const { backend } = objectAt(path);
  return [
    ...refuse(type !== "" && !text.startsWith("/") && (isPlain || text !== ""), "must be an absolute path"),
    ...refuse(isPlain && unwanted.test(text), "must not contain '//', '/.', '/..' or '%2f'"),
    ...(isObject(backend) ? portChoice(backend, `${at}.backend`) : [required(`${at}.backend`)]),
  ];
}

/** A port by its name or by its number. */
function portChoice({ service }: JsonObject, at: string): Cause[] {
  if (!isObject(service)) return [];
  const isNamed = Boolean(stringAt(service, "port", "name"));
  if (isNamed !== Boolean(numberAt(service, "port", "number"))) return [];
  return [
    isNamed
      ? invalidValue(at, "", "cannot set both port name & port number")
      : required(at, "port name or number is required"),
  ];
}

export function networkPolicyViolations(object: JsonObject): Cause[] {
  const types = listAt(object, "spec", "policyTypes");
  const rulesOf = (direction: string) => listAt(object, "spec", direction);
  const peers = [
    ...rulesOf("ingress").flatMap((rule) => listAt(rule, "from")),
    ...rulesOf("egress").flatMap((rule) => listAt(rule, "to")),
  ];
  const ports = [...rulesOf("ingress"), ...rulesOf("egress")].flatMap((rule) => listAt(rule, "ports"));
  return [
    ...violationsBy("NetworkPolicy", object, ""),
    ...ports.flatMap(endPortViolations),
    ...peers.flatMap(peerViolations),
    ...(types.length > 2 ? [invalidValue("spec.policyTypes", types, "may not specify more than two policyTypes")] : []),
  ];
}

function endPortViolations(port: Json): Cause[] {
  const { port: start, endPort: end = null } = objectAt(port);
  if (end === null) return [];
  if (typeof start !== "number") {
    return [invalidValue("spec.ports.endPort", end, "may not be specified when `port` is no number")];
  }
  if (!isPort(end)) return [invalidValue("spec.ports.endPort", end, portRange)];
  return Number(end) < start
    ? [invalidValue("spec.ports.endPort", end, "must be greater than or equal to `port`")]
    : [];
}

function peerViolations(peer: Json): Cause[] {
  const kinds = ["podSelector", "namespaceSelector", "ipBlock"].filter((field) => isObject(objectAt(peer)[field]));
  const path = "spec.peers";
  if (kinds.length === 0) return [required(path, "must specify a peer")];
  if (!kinds.includes("ipBlock")) return [];
  const both = kinds.length > 1 ? [forbidden(path, "may not specify both ipBlock and another peer")] : [];
  return [...both, ...ipBlockViolations(objectAt(peer, "ipBlock"), `${path}.ipBlock`)];
}

function ipBlockViolations(block: JsonObject, path: string): Cause[] {
  const cidr = stringAt(block, "cidr") ?? "";
  if (cidr === "") return [required(`${path}.cidr`)];
  const net = blockOf(cidr);
  return [
    ...cidrViolations(cidr, `${path}.cidr`),
    ...listAt(block, "except").flatMap((each, index) => {
      const text = typeof each === "string" ? each : "";
      const [inner, field] = [blockOf(text), `${path}.except[${index}]`];
      const isStrict = inner && net && inner.bits > net.bits && net.list.check(inner.address, inner.family);
      return [
        ...cidrViolations(text, field),
        ...(!inner || !net || isStrict ? [] : [invalidValue(field, text, "must be a strict subset of `cidr`")]),
      ];
    }),
  ];
}

export const cidrText = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

function cidrViolations(text: string, field: string): Cause[] {
  const block = blockOf(text);
  if (block === undefined) return [invalidValue(field, text, cidrText)];
  const number = block.address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const hasMore = block.family === "ipv4" && number % 2 ** (32 - block.bits) !== 0;
  return hasMore ? [invalidValue(field, text, "must not have bits set beyond the prefix length")] : [];
}

export function blockOf(text: string) {
  const [address = "", bits = "", ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || !/^\d+$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128))
    return undefined;
  const family = version === 4 ? ("ipv4" as const) : ("ipv6" as const);
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return { address, bits: Number(bits), family, list };
}

export function serviceViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const ports = listAt(spec, "ports");
  const [type = "", address = "", affinity = ""] = ["type", "clusterIP", "sessionAffinity"].map((each) =>
    stringAt(spec, each),
  );
  const isHeadless = address === "None";
  const addresses = listAt(spec, "clusterIPs").map(String);
  const outer = listAt(spec, "externalIPs").map(String);
  const isOuter = ["LoadBalancer", "NodePort"].includes(type) || outer.length > 0;
  const traffic = stringAt(spec, "externalTrafficPolicy") ?? "";
  const says = (isSo: boolean, cause: Cause) => (isSo ? [cause] : []);
  return [
    ...violationsBy("Service", object, ""),
    ...says(ports.length === 0 && !isHeadless && type !== "ExternalName", required("spec.ports")),
    ...says(
      isHeadless && ["LoadBalancer", "NodePort"].includes(type),
      invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`),
    ),
    ...(type === "ExternalName" ? externalViolations(spec) : []),
    ...says(ports.length > 1 && ports.some((port) => !stringAt(port, "name")), required("spec.ports.name")),
    ...says(
      affinity === "None" && isObject(spec["sessionAffinityConfig"]),
      forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None"),
    ),
    ...says(
      type !== "ExternalName" && address !== "" && addresses.length > 0 && addresses[0] !== address,
      invalidValue("spec.clusterIPs", addresses, "first value must match `clusterIP`"),
    ),
    ...(type === "ExternalName" ? [] : addresses.filter((each) => each !== "None")).flatMap((each, index) =>
      addressViolations(`spec.clusterIPs[${index}]`, each),
    ),
    ...says(addresses.length > 2, invalidValue("spec.clusterIPs", addresses, "may only hold up to 2 values")),
    ...outer.flatMap((each, index) => specialAddressViolations(`spec.externalIPs[${index}]`, each)),
    ...portConflicts(ports, type),
    ...(type === "LoadBalancer" ? [] : balancerViolations(object)),
    ...says(
      !isOuter && traffic !== "",
      invalidValue("spec.externalTrafficPolicy", traffic, "may only be set for externally-accessible services"),
    ),
    ...oneOf("spec.externalTrafficPolicy", traffic || null, ["Cluster", "Local"]),
  ];
}

function externalViolations(spec: JsonObject): Cause[] {
  const name = (stringAt(spec, "externalName") ?? "").replace(/\.$/, "");
  const isSet = (field: string) => !["", 0].includes((spec[field] ?? "") as string) && listAt(spec, field).length !== 0;
  const given = ["clusterIPs", "ipFamilies"].filter(isSet);
  const others = ["clusterIP", "ipFamilyPolicy"].filter((field) => stringAt(spec, field));
  return [
    ...[...given, ...others].map((field) => forbidden(`spec.${field}`, "may not be set for ExternalName services")),
    ...(name === "" ? [required("spec.externalName")] : subdomainViolations("spec.externalName", name)),
  ];
}

function portConflicts(ports: readonly Json[], type: string): Cause[] {
  const repeated = (field: string) => {
    const keys = ports.map((port) => `${stringAt(port, "protocol") ?? ""} ${numberAt(port, field) ?? 0}`);
    return keys.flatMap((key, index) =>
      numberAt(ports[index], field) && keys.indexOf(key) < index
        ? [duplicate(`spec.ports[${index}].${field}`, key)]
        : [],
    );
  };
  const why = "may not be used when `type` is 'ClusterIP'";
  const closed = ports.flatMap((port, index) =>
    type === "ClusterIP" && numberAt(port, "nodePort") ? [forbidden(`spec.ports[${index}].nodePort`, why)] : [],
  );
  return [...closed, ...repeated("nodePort"), ...repeated("port")];
}

function balancerViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const given = ["loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"].filter(
    (field) => (spec[field] ?? null) !== null && !(Array.isArray(spec[field]) && listAt(spec, field).length === 0),
  );
  const status = listAt(object, "status", "loadBalancer", "ingress").length > 0 ? ["status.loadBalancer.ingress"] : [];
  return [...given.map((field) => `spec.${field}`), ...status].map((field) =>
    forbidden(field, "may only be used when `type` is 'LoadBalancer'"),
  );
}
