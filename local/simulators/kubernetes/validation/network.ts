/** Services, endpoints, ingresses and network policies. */
import { BlockList, isIP } from "node:net";
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { isPort, portRange, required } from "./causes.ts";

export function serviceViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const ports = listAt(spec, "ports");
  const needsPorts = stringAt(spec, "type") !== "ExternalName" && stringAt(spec, "clusterIP") !== "None";
  if (ports.length === 0 && needsPorts) return [required("spec.ports")];
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const number = isObject(port) ? port["port"] : undefined;
    const targetPort = (isObject(port) ? port["targetPort"] : undefined) ?? number;
    return [
      ...(ports.length > 1 && !stringAt(port, "name") ? [required(`${at}.name`)] : []),
      ...(isPort(number) ? [] : [invalidValue(`${at}.port`, number ?? null, portRange)]),
      ...(isPort(targetPort) ? [] : [invalidValue(`${at}.targetPort`, targetPort ?? null, portRange)]),
    ];
  });
}

const addressText = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

export function endpointsViolations(object: JsonObject): Cause[] {
  return listAt(object, "subsets").flatMap((subset, index) =>
    ["addresses", "notReadyAddresses"].flatMap((field) =>
      listAt(subset, field).flatMap((address, at) => {
        const ip = stringAt(address, "ip") ?? "";
        const path = `subsets[${index}].${field}[${at}].ip`;
        if (isIP(ip) > 0) return [];
        return [invalidValue(path, ip, addressText), invalidValue(path, ip, "must be a valid IP address")];
      }),
    ),
  );
}

export function ingressViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const rules = listAt(spec, "rules");
  if (rules.length === 0 && !isObject(spec["defaultBackend"])) {
    const shown = Object.keys(spec).length === 0 ? null : spec;
    return [invalidValue("spec", shown, "either `defaultBackend` or `rules` must be specified")];
  }
  return rules.flatMap((rule, index) => {
    const host = stringAt(rule, "host") ?? "";
    const name = host.replace(/^\*\./, "");
    if (host === "" || subdomain.test(name)) return [];
    return [invalidValue(`spec.rules[${index}].host`, host, subdomainText)];
  });
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

export function networkPolicyViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const directions = [
    { field: "ingress", peers: "from" },
    { field: "egress", peers: "to" },
  ];
  return directions.flatMap(({ field, peers }) =>
    listAt(spec, field).flatMap((rule, index) => {
      const at = `spec.${field}[${index}]`;
      return [
        ...listAt(rule, "ports").flatMap((port, number) => policyPortViolations(port, `${at}.ports[${number}]`)),
        ...listAt(rule, peers).flatMap((peer, number) => peerViolations(peer, `${at}.${peers}[${number}]`)),
      ];
    }),
  );
}

function policyPortViolations(port: Json, path: string): Cause[] {
  const number = isObject(port) ? port["port"] : undefined;
  return isPort(number) ? [] : [invalidValue(`${path}.port`, number ?? null, portRange)];
}

function peerViolations(peer: Json, path: string): Cause[] {
  const kinds = ["podSelector", "namespaceSelector", "ipBlock"].filter(
    (field) => isObject(peer) && isObject(peer[field]),
  );
  if (kinds.length === 0) return [required(path, "must specify a peer")];
  if (!kinds.includes("ipBlock")) return [];
  const block = objectAt(peer, "ipBlock");
  const cidr = stringAt(block, "cidr") ?? "";
  const net = blockOf(cidr);
  if (net === undefined) return [invalidValue(`${path}.ipBlock.cidr`, cidr, cidrText)];
  return listAt(block, "except").flatMap((each, index) => {
    const text = typeof each === "string" ? each : "";
    const inner = blockOf(text);
    const field = `${path}.ipBlock.except[${index}]`;
    if (inner === undefined) return [invalidValue(field, text, cidrText)];
    const isStrict = inner.bits > net.bits && net.list.check(inner.address, inner.family);
    return isStrict ? [] : [invalidValue(field, text, "must be a strict subset of `cidr`")];
  });
}

export const cidrText = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

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
