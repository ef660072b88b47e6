/** Parses a request's path: /api/v1/… for the core group, /apis/{group}/{version}/… for the others. */

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Undefined for paths that are not resources: discovery, health, version. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  // An escaped slash is one.
  const parts = decodeURIComponent(pathname)
    .split("/")
    .filter((part) => part !== "");
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return undefined;
  const group = isCore ? "" : parts[1];
  const [version, ...rest] = parts.slice(isCore ? 1 : 2);
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  // Below a namespace, unless the path names the namespace itself: /namespaces/a, /namespaces/a/status.
  const isWithin = rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2] ?? "");
  const namespace = isWithin ? rest[1] : undefined;
  const [plural, name, ...subresource] = isWithin ? rest.slice(2) : rest;
  if (plural === undefined) return undefined;
  return {
    group,
    version,
    plural,
    namespace,
    name,
    // What follows a proxy is for what is behind it.
    subresource: subresource[0] === "proxy" ? "proxy" : subresource.join("/") || undefined,
  };
}
