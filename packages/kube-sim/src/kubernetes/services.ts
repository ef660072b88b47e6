/** The addresses and ports of services: made up where nobody asks for one, since nothing listens there. */
import {
  equal,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  without,
} from "azure-sim/json";
import type { Cause } from "./cause.ts";
import { invalid } from "./failures.ts";
import type { Resource } from "./resource.ts";
import type { Store } from "./store.ts";
import { invalidValue } from "./validation/causes.ts";

/** What the API server allocates when a service is created; a dry run gets an address that nobody can have. */
export function withAddress(service: JsonObject, { isDry = false } = {}): JsonObject {
  const spec = objectAt(service, "spec");
  if (stringAt(spec, "type") === "ExternalName") return service;
  const uid = stringAt(service, "metadata", "uid") ?? "";
  const given = stringAt(spec, "clusterIP") || (listAt(spec, "clusterIPs")[0] ?? "");
  const clusterIP = given || (isDry ? "10.0.0.0" : addressOf(uid));
  // Without a head and without a selector, nobody knows what addresses it will have.
  const isOpen = clusterIP === "None" && Object.keys(objectAt(spec, "selector")).length === 0;
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP,
      clusterIPs: listAt(spec, "clusterIPs").length > 0 ? listAt(spec, "clusterIPs") : [clusterIP],
      ipFamilies:
        listAt(spec, "ipFamilies").length > 0 ? listAt(spec, "ipFamilies") : isOpen ? ["IPv4", "IPv6"] : ["IPv4"],
      ipFamilyPolicy: spec["ipFamilyPolicy"] ?? (isOpen ? "RequireDualStack" : "SingleStack"),
      ...withNodePorts(spec, uid),
    },
  };
}

/** In 10.0.0.0/16, the range of the sandbox's clusters. */
function addressOf(uid: string): string {
  const [high, low] = [Number.parseInt(uid.slice(0, 2), 16), Number.parseInt(uid.slice(2, 4), 16)];
  return `10.0.${high}.${Math.max(2, Math.min(low, 254))}`;
}

const opensNodes = (spec: JsonObject) => ["NodePort", "LoadBalancer"].includes(stringAt(spec, "type") ?? "");
const [firstNodePort, lastNodePort] = [30_000, 32_767];

function withNodePorts(spec: JsonObject, uid: string): JsonObject {
  const ports = listAt(spec, "ports");
  if (ports.length === 0) return {};
  if (!opensNodes(spec)) return { ports };
  return {
    ports: ports.map((port, index) => {
      if (!isObject(port) || numberAt(port, "nodePort")) return port;
      const nodePort = firstNodePort + ((Number.parseInt(uid.slice(0, 4), 16) + index) % 2_768);
      return { ...port, nodePort };
    }),
  };
}

/** What a changed service keeps of what was allocated, and what it gives back because it has no use for it any more. */
export function withAllocated(live: JsonObject, service: JsonObject): JsonObject {
  const [old, spec] = [objectAt(live, "spec"), objectAt(service, "spec")];
  const isExternal = stringAt(spec, "type") === "ExternalName";
  const same = (field: string) => equal(old[field] ?? null, spec[field] ?? null);
  if (isExternal) {
    const given = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"].filter(same);
    return { ...service, spec: without(spec, ...given) };
  }
  const isMoved = stringAt(spec, "clusterIP") && !same("clusterIP") && same("clusterIPs");
  if (isMoved) return withAddress({ ...service, spec: without(spec, "clusterIPs") });
  const address = stringAt(spec, "clusterIP") || stringAt(old, "clusterIP") || "";
  const kept = stringAt(spec, "clusterIP")
    ? {}
    : { clusterIP: address, clusterIPs: old["clusterIPs"] ?? (address === "" ? [] : [address]) };
  const families = ["ipFamilies", "ipFamilyPolicy"].flatMap((field) =>
    spec[field] === undefined && old[field] !== undefined ? [[field, old[field]] as const] : [],
  );
  return withAddress({
    ...service,
    spec: { ...spec, ...kept, ...Object.fromEntries(families), ...portsKept(old, spec) },
  });
}

function portsKept(old: JsonObject, spec: JsonObject): JsonObject {
  const ports = listAt(spec, "ports");
  if (ports.length === 0) return {};
  const nodePortOf = (port: Json) =>
    listAt(old, "ports").find((each) =>
      ["port", "protocol"].every((field) => equal(objectAt(each)[field], objectAt(port)[field])),
    );
  return {
    ports: ports.map((port) => {
      const held = numberAt(nodePortOf(port), "nodePort");
      const own = numberAt(port, "nodePort");
      if (!isObject(port)) return port;
      if (!opensNodes(spec)) return held !== undefined && held === own ? without(port, "nodePort") : port;
      return own || !held ? port : { ...port, nodePort: held };
    }),
  };
}

/** Throws where another service has the address or the port already, or where none may be. */
export function requireFree(store: Store, resource: Resource, service: JsonObject, { isDry = false } = {}): void {
  const uid = stringAt(service, "metadata", "uid");
  const others = store.list(resource).filter(({ metadata }) => metadata.uid !== uid);
  const causes = [...addressCauses(service, others), ...portCauses(service, others, isDry)];
  if (causes.length > 0) throw invalid(resource, stringAt(service, "metadata", "name") ?? "", causes);
}

function addressCauses(service: JsonObject, others: readonly JsonObject[]): Cause[] {
  const address = stringAt(service, "spec", "clusterIP") ?? "";
  if (["", "None"].includes(address)) return [];
  const refuse = (why: string) => [
    invalidValue("spec.clusterIPs", [address], `failed to allocate IP ${address}: ${why}`),
  ];
  if (!address.startsWith("10.0.")) return refuse("the provided network does not match the current range");
  const policy = stringAt(service, "spec", "ipFamilyPolicy") ?? "";
  if (policy === "RequireDualStack") {
    return [invalidValue("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services")];
  }
  const isTaken = others.some((each) => stringAt(each, "spec", "clusterIP") === address);
  return isTaken ? refuse("provided IP is already allocated") : [];
}

/** A dry run asks only whether somebody has the port. */
function portCauses(service: JsonObject, others: readonly JsonObject[], isDry: boolean): Cause[] {
  const taken = new Set(
    others.flatMap((each) => listAt(each, "spec", "ports").map((port) => numberAt(port, "nodePort"))),
  );
  return listAt(service, "spec", "ports").flatMap((port, index) => {
    const number = numberAt(port, "nodePort");
    if (!number) return [];
    const field = `spec.ports[${index}].nodePort`;
    const range = `${firstNodePort}-${lastNodePort}`;
    if (!isDry && (number < firstNodePort || number > lastNodePort)) {
      const why = `provided port is not in the valid range. The range of valid ports is ${range}`;
      return [invalidValue(field, number, why)];
    }
    return taken.has(number) ? [invalidValue(field, number, "provided port is already allocated")] : [];
  });
}
