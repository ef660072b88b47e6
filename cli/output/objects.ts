/** A namespace as the object that would onboard it again; what Mooring knows about it becomes its status. */
import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import { toObjectForm } from "../../src/domain/request/objectForm.ts";

export function objectOf(document: NamespaceDocument) {
  const { cluster: _cluster, namespace: _namespace, identityMode: _mode, ...rest } = document;
  const { databases: _databases, targets: _targets, request, ...status } = rest;
  return toObjectForm(request, status);
}

/** As kubectl prints several objects. */
export function listOf(namespaces: readonly NamespaceDocument[]) {
  return { apiVersion: "v1", kind: "List", items: namespaces.map(objectOf) };
}
