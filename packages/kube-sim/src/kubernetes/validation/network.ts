/** Endpoints, ingresses and network policies. */
import { BlockList, isIP } from "node:net";
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, subdomainProblems } from "../metadataRules.ts";
import {
  addressText,
  addressViolations,
  duplicate,
  forbidden,
  isPort,
  labelViolations,
  oneOf,
  portRange,
  portViolations,
  required,
  specialAddressViolations,
  subdomainViolations,
  tooMany,
  unsupported,
} from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";

export function endpointsViolations(object: JsonObject): Cause[] {
  return listAt(object, "subsets").flatMap((subset, index) => {
    const at = `subsets[${index}]`;
    const fields = ["addresses", "notReadyAddresses"];
    const ports = listAt(subset, "ports");
    return [
      ...(fields.every((field) => listAt(subset, field).length === 0)
        ? [required(at, "must specify `addresses` or `notReadyAddresses`")]
        : []),
      ...fields.flatMap((field) =>
        listAt(subset, field).flatMap((address, number) =>
          endpointViolations(stringAt(address, "ip") ?? "", `${at}.${field}[${number}].ip`),
        ),
      ),
      ...ports.flatMap((port, number) => endpointPortViolations(port, `${at}.ports[${number}]`, ports.length > 1)),
    ];
  });
}

/** What is no address is found twice. */
function endpointViolations(ip: string, field: string): Cause[] {
  if (isIP(ip) > 0) return specialAddressViolations(field, ip);
  return [invalidValue(field, ip, addressText), invalidValue(field, ip, "must be a valid IP address")];
}

function endpointPortViolations(port: Json, path: string, isNamed: boolean): Cause[] {
  const name = stringAt(port, "name") ?? "";
  const number = numberAt(port, "port") ?? 0;
  return [
    ...(isNamed && name === "" ? [required(`${path}.name`)] : []),
    ...(name === "" ? [] : labelViolations(`${path}.name`, name)),
    ...(isPort(number) ? [] : [invalidValue(`${path}.port`, number, portRange)]),
    ...oneOf(`${path}.protocol`, objectAt(port)["protocol"], ["SCTP", "TCP", "UDP"]),
  ];
}

export function endpointSliceViolations(object: JsonObject): Cause[] {
  const type = stringAt(object, "addressType") ?? "";
  const names = new Set<string>();
  return [
    ...(type === "" ? [required("addressType")] : oneOf("addressType", type, ["FQDN", "IPv4", "IPv6"])),
    ...listAt(object, "ports").flatMap((port, index) => {
      const name = stringAt(port, "name") ?? "";
      const isTaken = names.has(name);
      names.add(name);
      return [
        ...(name === "" ? [] : labelViolations(`ports[${index}].name`, name)),
        ...(isTaken ? [duplicate(`ports[${index}].name`, name)] : []),
        ...oneOf(`ports[${index}].protocol`, objectAt(port)["protocol"], ["SCTP", "TCP", "UDP"]),
      ];
    }),
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
  const list = field.replace(/\[\d+\]$/, "");
  return [
    ...(isOther ? [invalidValue(list, address, `must be an ${type} address`)] : []),
    ...specialAddressViolations(field, address),
  ];
}

function tlsViolations(tls: Json, at: string): Cause[] {
  const secret = stringAt(tls, "secretName") ?? "";
  return [
    ...listAt(tls, "hosts").flatMap((host, number) => hostViolations(String(host), `${at}.hosts[${number}]`)),
    ...(secret === "" ? [] : subdomainViolations(`${at}.secretName`, secret)),
  ];
}

export function ingressViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const rules = listAt(spec, "rules");
  const own = stringAt(object, "metadata", "annotations", "kubernetes.io/ingress.class");
  const name = stringAt(spec, "ingressClassName");
  const isNew = stringAt(object, "metadata", "resourceVersion") === undefined;
  return [
    ...(rules.length === 0 && !isObject(spec["defaultBackend"])
      ? [invalidValue("spec", null, "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...(isObject(spec["defaultBackend"]) ? backendViolations(spec["defaultBackend"], "spec.defaultBackend") : []),
    ...rules.flatMap((rule, index) => ruleViolations(rule, `spec.rules[${index}]`)),
    ...listAt(spec, "tls").flatMap((each, index) => tlsViolations(each, `spec.tls[${index}]`)),
    ...(name === undefined ? [] : subdomainViolations("spec.ingressClassName", name)),
    ...(isNew && own !== undefined && name !== undefined && own !== name
      ? [
          invalidValue(
            "annotations.kubernetes.io/ingress.class",
            own,
            "must match `ingressClassName` when both are specified",
          ),
        ]
      : []),
  ];
}

const wildcardText =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function hostViolations(host: string, field: string): Cause[] {
  if (!host.includes("*")) return subdomainViolations(field, host);
  const isWildcard = host.startsWith("*.") && subdomainProblems(host.slice(2)).length === 0;
  return isWildcard ? [] : [invalidValue(field, host, wildcardText)];
}

function ruleViolations(rule: Json, at: string): Cause[] {
  const host = stringAt(rule, "host") ?? "";
  const http = objectAt(rule)["http"];
  const paths = listAt(http, "paths");
  return [
    ...(isIP(host) > 0 ? [invalidValue(`${at}.host`, host, "must be a DNS name, not an IP address")] : []),
    ...(host === "" ? [] : hostViolations(host, `${at}.host`)),
    ...(isObject(http) && paths.length === 0 ? [required(`${at}.http.paths`)] : []),
    ...paths.flatMap((path, index) => pathViolations(path, `${at}.http.paths[${index}]`)),
  ];
}

const notWithin = ["//", "/./", "/../", "%2f", "%2F"];
const notAtEnd = ["/..", "/."];

function pathViolations(path: Json, at: string): Cause[] {
  const type = stringAt(path, "pathType");
  if (type === undefined) return [required(`${at}.pathType`, "pathType must be specified")];
  const text = stringAt(path, "path") ?? "";
  const refuse = (why: string) => invalidValue(`${at}.path`, text, why);
  const isPlain = ["Exact", "Prefix"].includes(type);
  const isRelative = !text.startsWith("/") && (isPlain || text !== "");
  const isKnown = isPlain || type === "ImplementationSpecific";
  return [
    ...(isKnown && isRelative ? [refuse("must be an absolute path")] : []),
    ...(isPlain
      ? notWithin.filter((each) => text.includes(each)).map((each) => refuse(`must not contain '${each}'`))
      : []),
    ...(isPlain
      ? notAtEnd.filter((each) => text.endsWith(each)).map((each) => refuse(`cannot end with '${each}'`))
      : []),
    ...(isKnown ? [] : [unsupported(`${at}.pathType`, type, ["Exact", "ImplementationSpecific", "Prefix"])]),
    ...backendViolations(objectAt(path)["backend"] ?? {}, `${at}.backend`),
  ];
}

function backendViolations(backend: Json, at: string): Cause[] {
  const { service, resource } = objectAt(backend);
  const [hasService, hasResource] = [isObject(service), isObject(resource)];
  if (hasService && hasResource) return [invalidValue(at, "", "cannot set both resource and service backends")];
  if (hasResource) {
    return ["kind", "name"]
      .filter((field) => !stringAt(resource, field))
      .map((field) => required(`${at}.resource.${field}`));
  }
  if (!hasService) return [invalidValue(at, "", "resource or service backend is required")];
  const name = stringAt(service, "name") ?? "";
  const [port, number] = [stringAt(service, "port", "name") ?? "", numberAt(service, "port", "number") ?? 0];
  return [
    ...(name === "" ? [required(`${at}.service.name`)] : labelViolations(`${at}.service.name`, name)),
    ...(port === "" && number === 0 ? [required(at, "port name or number is required")] : []),
    ...(port !== "" && number !== 0 ? [invalidValue(at, "", "cannot set both port name & port number")] : []),
    ...(port !== "" && number === 0 ? portViolations(`${at}.service.port.name`, port) : []),
    ...(port === "" && number !== 0 ? portViolations(`${at}.service.port.number`, number) : []),
  ];
}

export function networkPolicyViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const types = listAt(spec, "policyTypes");
  const directions = [
    { field: "ingress", peers: "from" },
    { field: "egress", peers: "to" },
  ];
  return [
    ...selectorViolations(spec["podSelector"], "spec.podSelector"),
    ...directions.flatMap(({ field, peers }) =>
      listAt(spec, field).flatMap((rule, index) => {
        const at = `spec.${field}[${index}]`;
        return [
          ...listAt(rule, "ports").flatMap((port, number) => policyPortViolations(port, `${at}.ports[${number}]`)),
          ...listAt(rule, peers).flatMap((peer, number) => peerViolations(peer, `${at}.${peers}[${number}]`)),
        ];
      }),
    ),
    ...(types.length > 2
      ? [invalidValue("spec.policyTypes", types, "may not specify more than two policyTypes")]
      : types.flatMap((type, index) => oneOf(`spec.policyTypes[${index}]`, type, ["Ingress", "Egress"]))),
  ];
}

function policyPortViolations(port: Json, path: string): Cause[] {
  const { port: start, endPort: end = null, protocol } = objectAt(port);
  const refuse = (value: Json, why: string) => invalidValue(`${path}.endPort`, value, why);
  return [
    ...oneOf(`${path}.protocol`, protocol, ["TCP", "UDP", "SCTP"]),
    ...(typeof start === "string" && end !== null
      ? [refuse(end, "may not be specified when `port` is non-numeric")]
      : []),
    ...portViolations(`${path}.port`, start),
    ...(typeof start === "number" && typeof end === "number" && end < start
      ? [refuse(start, "must be greater than or equal to `port`")]
      : []),
    ...(typeof start === "number" && !isPort(end) ? [refuse(end, portRange)] : []),
    ...(start === undefined && end !== null ? [refuse(end, "may not be specified when `port` is not specified")] : []),
  ];
}

function peerViolations(peer: Json, path: string): Cause[] {
  const given = objectAt(peer);
  const kinds = ["podSelector", "namespaceSelector", "ipBlock"].filter((field) => isObject(given[field]));
  return [
    ...selectorViolations(given["podSelector"], `${path}.podSelector`),
    ...selectorViolations(given["namespaceSelector"], `${path}.namespaceSelector`),
    ...(kinds.includes("ipBlock") ? ipBlockViolations(objectAt(peer, "ipBlock"), `${path}.ipBlock`) : []),
    ...(kinds.length === 0 ? [required(path, "must specify a peer")] : []),
    ...(kinds.length > 1 && kinds.includes("ipBlock")
      ? [forbidden(path, "may not specify both ipBlock and another peer")]
      : []),
  ];
}

function ipBlockViolations(block: JsonObject, path: string): Cause[] {
  const cidr = stringAt(block, "cidr") ?? "";
  if (cidr === "") return [required(`${path}.cidr`)];
  const net = blockOf(cidr);
  if (net === undefined) return cidrViolations(cidr, `${path}.cidr`);
  return [
    ...cidrViolations(cidr, `${path}.cidr`),
    ...listAt(block, "except").flatMap((each, index) => {
      const text = typeof each === "string" ? each : "";
      const inner = blockOf(text);
      const field = `${path}.except[${index}]`;
      const isStrict = inner && inner.bits > net.bits && net.list.check(inner.address, inner.family);
      return [
        ...cidrViolations(text, field),
        ...(inner === undefined || isStrict ? [] : [invalidValue(field, text, "must be a strict subset of `cidr`")]),
      ];
    }),
  ];
}

export const cidrText = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

function cidrViolations(text: string, field: string): Cause[] {
  const block = blockOf(text);
  if (block === undefined) return [invalidValue(field, text, cidrText)];
  return hasMoreBits(block) ? [invalidValue(field, text, "must not have bits set beyond the prefix length")] : [];
}

/** Only of the older kind of address: nobody here writes the other so. */
function hasMoreBits({ address, bits, family }: { address: string; bits: number; family: string }): boolean {
  if (family !== "ipv4") return false;
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return number % 2 ** (32 - bits) !== 0;
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
