/** /api and /apis: the groups, versions and resources; each in its own document, or all of them in one (aggregated). */
import type { JsonObject } from "./json.ts";
import { apiVersionOf, type Resource, type Resources } from "./resource.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** The document at a path below /api or /apis; undefined when nothing is served there. */
export function discoveryDocument(resources: Resources, path: string): JsonObject | undefined {
  const [root, first, second, ...rest] = path.split("/").filter((part) => part !== "");
  if (rest.length > 0) return undefined;
  if (root === "api") {
    if (first === undefined) return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
    return second === undefined ? resourceList(resources, first) : undefined;
  }
  if (root !== "apis") return undefined;
  if (first === undefined) return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames(resources).map(group) };
  if (second !== undefined) return resourceList(resources, `${first}/${second}`);
  const found = groupNames(resources).includes(first) ? group(first) : undefined;
  return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...found };

  function group(name: string): JsonObject {
    const versions = [...new Set(inGroup(resources, name).map(({ version }) => version))].map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }));
    return { name, versions, preferredVersion: versions[0] ?? {} };
  }
}

export const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** The core group at /api, all others at /apis; undefined for any other path ("Aggregated discovery"). */
export function aggregatedDiscovery(resources: Resources, path: string): JsonObject | undefined {
  const names = path === "/api" ? [""] : path === "/apis" ? groupNames(resources) : undefined;
  if (names === undefined) return undefined;
  const items = names.map((name) => {
    const inside = inGroup(resources, name);
    const versions = [...new Set(inside.map(({ version }) => version))].map((version) => ({
      version,
      resources: inside.filter((resource) => resource.version === version).map(aggregated),
      freshness: "Current",
    }));
    return { metadata: { ...(name === "" ? {} : { name }), creationTimestamp: null }, versions };
  });
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
}

function aggregated({
  group,
  version,
  kind,
  plural,
  singular,
  namespaced,
  shortNames,
  hasStatus,
}: Resource): JsonObject {
  const responseKind = { group, version, kind };
  const token = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
  const subresources: JsonObject[] = [
    ...(hasStatus ? [{ subresource: "status", responseKind, verbs: ["get", "patch", "update"] }] : []),
    ...(group === "" && kind === "ServiceAccount"
      ? [{ subresource: "token", responseKind: token, verbs: ["create"] }]
      : []),
  ];
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

function groupNames(resources: Resources): string[] {
  return [...new Set(resources.all().map(({ group }) => group))].filter((group) => group !== "");
}

function inGroup(resources: Resources, name: string): Resource[] {
  return resources.all().filter(({ group }) => group === name);
}

function resourceList(resources: Resources, groupVersion: string): JsonObject | undefined {
  const served = resources.all().filter((resource) => apiVersionOf(resource) === groupVersion);
  if (served.length === 0) return undefined;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: served.flatMap(entries) };
}

function entries({ plural, singular, kind, namespaced, shortNames, hasStatus, group }: Resource): JsonObject[] {
  const names = shortNames.length === 0 ? {} : { shortNames: [...shortNames] };
  const own = { name: plural, singularName: singular, namespaced, kind, verbs, ...names };
  const status = { name: `${plural}/status`, singularName: "", namespaced, kind, verbs: ["get", "patch", "update"] };
  const token = {
    name: "serviceaccounts/token",
    singularName: "",
    namespaced,
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    verbs: ["create"],
  };
  const isAccount = group === "" && kind === "ServiceAccount";
  return [own, ...(hasStatus ? [status] : []), ...(isAccount ? [token] : [])];
}
