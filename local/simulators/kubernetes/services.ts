/** The addresses and ports of services: made up, since nothing listens there. */
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "./json.ts";

/** What the API server allocates when a service is created. */
export function withAddress(service: JsonObject): JsonObject {
  const spec = objectAt(service, "spec");
  const type = stringAt(spec, "type") ?? "ClusterIP";
  if (type === "ExternalName") return service;
  const uid = stringAt(service, "metadata", "uid") ?? "";
  const clusterIP = stringAt(spec, "clusterIP") || addressOf(uid);
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports:
        type === "ClusterIP"
          ? listAt(spec, "ports")
          : listAt(spec, "ports").map((port, index) => withNodePort(port, uid, index)),
    },
  };
}

/** In 10.0.0.0/16, the range of the sandbox's clusters. */
function addressOf(uid: string): string {
  const [high, low] = [Number.parseInt(uid.slice(0, 2), 16), Number.parseInt(uid.slice(2, 4), 16)];
  return `10.0.${high}.${Math.max(2, Math.min(low, 254))}`;
}

function withNodePort(port: Json, uid: string, index: number): Json {
  if (!isObject(port) || numberAt(port, "nodePort")) return port;
  return { ...port, nodePort: 30_000 + ((Number.parseInt(uid.slice(0, 4), 16) + index) % 2_768) };
}
