/**
 * What distinguishes a request that is written as a Kubernetes object (docs/adr/0014). Imports nothing, because the command line
 * uses it, too, and should not take the time to load the schema.
 */

/** The prefix of Mooring's annotations, too. */
export const group = "mooring.dev";
export const apiVersion = `${group}/v1alpha1`;
export const kind = "NamespaceOnboarding";

/** A plain request has neither field, so either one means an object. */
export function isObjectForm(value: unknown): value is { readonly [field: string]: unknown } {
  return isRecord(value) && ("apiVersion" in value || "kind" in value);
}

/** The cluster and namespace that a request in either form names, if it does; unchecked. */
export function namedIn(value: unknown): { readonly cluster?: unknown; readonly namespace?: unknown } {
  if (!isRecord(value)) return {};
  if (!isObjectForm(value)) return { cluster: value["cluster"], namespace: value["namespace"] };
  const { metadata, spec } = value;
  const { name, namespace } = isRecord(metadata) ? metadata : {};
  return { cluster: isRecord(spec) ? spec["cluster"] : undefined, namespace: namespace ?? name };
}

export function toObjectForm<Request extends { readonly namespace: string }>(
  { namespace, ...spec }: Request,
  status?: object,
) {
  return { apiVersion, kind, metadata: { name: namespace, namespace }, spec, ...(status ? { status } : {}) };
}

export function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
