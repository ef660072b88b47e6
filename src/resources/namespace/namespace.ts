import type { Berth } from "../../domain/naming/names.ts";

export function namespaceObject({ namespace: name }: Pick<Berth, "namespace">) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
