import type { NamespaceRef } from "../../domain/naming/names.ts";

/** With the labels that Mooring sets on it besides its mark. */
export function namespaceObject(
  { namespace: name }: Pick<NamespaceRef, "namespace">,
  labels: Readonly<Record<string, string>> = {},
) {
  const own = Object.keys(labels).length === 0 ? {} : { labels };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, ...own } };
}
