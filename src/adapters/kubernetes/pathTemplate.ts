/** A request's path without names, so that spans of the same kind have the same name. */
export function templateOf(path: string): string {
  const [, root, ...rest] = path.split("/");
  // /api/v1/… or /apis/<group>/<version>/…; anything else has no names in it.
  const prefix = root === "api" ? 1 : root === "apis" ? 2 : undefined;
  if (prefix === undefined) return path;
  const parts = rest.slice(prefix);
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2;
  const scope = isNamespaced ? ["namespaces", "{namespace}"] : [];
  const [resource, name, ...sub] = isNamespaced ? parts.slice(2) : parts;
  const thing = [resource, name === undefined ? undefined : "{name}", ...sub].filter((part) => part !== undefined);
  return ["", root, ...rest.slice(0, prefix), ...scope, ...thing].join("/");
}
