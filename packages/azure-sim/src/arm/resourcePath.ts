/** A parsed ARM path. Like ARM, it compares every segment but the values case-insensitively. */
export interface ResourcePath {
  readonly subscriptionId: string;
  readonly resourceGroup: string | undefined;
  /** `Microsoft.Sql/servers/databases`, in the caller's case; `Microsoft.Resources/resourceGroups` for a resource group. */
  readonly type: string;
  /** One for each type segment; the last is missing when the path names a collection. */
  readonly names: readonly string[];
  readonly isCollection: boolean;
  /** For an extension resource, such as a role assignment: the id of the resource that it extends, in the caller's case. */
  readonly scope?: string;
}

export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const segments = decodeSegments(pathname);
  if (!segments) return undefined;
  // An extension resource has its own provider after the id of the resource that it extends.
  const own = segments.findLastIndex((segment) => segment.toLowerCase() === "providers");
  const path = parseSegments(segments);
  if (own < 0 || segments[own + 1]?.toLowerCase() !== "microsoft.authorization") return path;
  const [namespace = "", type, name, ...more] = segments.slice(own + 1);
  const extended = parseSegments(segments.slice(0, own)) ?? subscriptionPath(segments.slice(0, own));
  if (!extended || type === undefined || more.length > 0) return undefined;
  return {
    subscriptionId: extended.subscriptionId,
    resourceGroup: extended.resourceGroup,
    type: `${namespace}/${type}`,
    names: name === undefined ? [] : [name],
    isCollection: name === undefined,
    scope: `/${segments.slice(0, own).join("/")}`,
  };
}

/** Undefined if it is no valid path, such as `/%zz`. */
function decodeSegments(pathname: string): readonly string[] | undefined {
  try {
    // Azure CLI writes "//" where a resource has no parent.
    return pathname.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function subscriptionPath([subscriptions, subscriptionId, ...rest]: readonly string[]) {
  if (subscriptions?.toLowerCase() !== "subscriptions" || !subscriptionId || rest.length > 0) return undefined;
  return { subscriptionId, resourceGroup: undefined };
}

function parseSegments(segments: readonly string[]): ResourcePath | undefined {
  const [subscriptions, subscriptionId, ...afterSubscription] = segments;
  if (subscriptions?.toLowerCase() !== "subscriptions" || !subscriptionId) return undefined;
  const inGroup = afterSubscription[0]?.toLowerCase() === "resourcegroups" && afterSubscription[1] !== undefined;
  const resourceGroup = inGroup ? afterSubscription[1] : undefined;
  const [providers, namespace, ...pairs] = inGroup ? afterSubscription.slice(2) : afterSubscription;
  if (providers === undefined && resourceGroup !== undefined) {
    const type = "Microsoft.Resources/resourceGroups";
    return { subscriptionId, resourceGroup, type, names: [resourceGroup], isCollection: false };
  }
  if (providers?.toLowerCase() !== "providers" || !namespace || pairs.length === 0) return undefined;
  const types = pairs.filter((_, index) => index % 2 === 0);
  const names = pairs.filter((_, index) => index % 2 === 1);
  const type = [namespace, ...types].join("/");
  return { subscriptionId, resourceGroup, type, names, isCollection: types.length > names.length };
}

/** The id of the first `depth` resources of the path, in the caller's case. */
export function resourceId({ subscriptionId, resourceGroup, type, names }: ResourcePath, depth: number): string {
  const [namespace = "", ...types] = type.split("/");
  const pairs = types.slice(0, depth).flatMap((segment, index) => {
    const name = names[index];
    return name === undefined ? [segment] : [segment, name];
  });
  const scope = resourceGroup === undefined ? [] : ["resourceGroups", resourceGroup];
  return `/${["subscriptions", subscriptionId, ...scope, "providers", namespace, ...pairs].join("/")}`;
}

export function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether one scope is the other, or below it. */
export function isWithin(inner: string, outer: string): boolean {
  return `${inner}/`.toLowerCase().startsWith(`${outer}/`.toLowerCase());
}
