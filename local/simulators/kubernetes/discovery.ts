/** /api and /apis: the groups, versions and resources. Only the plain documents: aggregated discovery is optional. */
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
