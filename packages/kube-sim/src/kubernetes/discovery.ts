/** /api and /apis: the groups, versions and resources; each in its own document, or all of them in one (aggregated). */
import type { JsonObject } from "azure-sim/json";
import { builtInKinds } from "./builtIn/kinds.ts";
import { apiVersionOf, type Resource, type Resources, type Subresource } from "./resource.ts";
import { byVersion } from "./versionOrder.ts";

/** What discovery says of a resource. */
type Shown = Omit<Resource, "schema" | "hasStatus" | "isCustom" | "hasGeneration" | "columns" | "selectableFields">;

/** Those without objects, which one can only ask, and those that are refused. */
const unstored: readonly Shown[] = builtInKinds.kinds
  .filter(({ verbs }) => !verbs.includes("watch"))
  .map(({ hash, definition = "", ...each }) => ({ ...each, definition, ...(hash === undefined ? {} : { hash }) }));

/** In the order of a real API server: its own resources by name, then what definitions add. */
function shownIn(resources: Resources): Shown[] {
  const order = new Map(
    builtInKinds.kinds.map((each, index) => [`${each.group} ${each.version} ${each.plural}`, index]),
  );
  const place = (each: Shown) => order.get(`${each.group} ${each.version} ${each.plural}`) ?? order.size;
  const byName = (left: string, right: string) => (left < right ? -1 : Number(left > right));
  return [...resources.all(), ...unstored].toSorted(
    (left, right) =>
      place(left) - place(right) ||
      byName(left.group, right.group) ||
      byVersion(left.version, right.version) ||
      byName(left.plural, right.plural),
  );
}

/** The document at a path below /api or /apis; undefined when nothing is served there. */
export function discoveryDocument(resources: Resources, path: string, address = ""): JsonObject | undefined {
  const [root, first, second, ...rest] = path.split("/").filter((part) => part !== "");
  if (rest.length > 0 || (root !== "api" && root !== "apis")) return undefined;
  const shown = shownIn(resources);
  if (root === "api") {
    const addresses = [{ clientCIDR: "0.0.0.0/0", serverAddress: address }];
    if (first === undefined) return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: addresses };
    return second === undefined ? resourceList(shown, first) : undefined;
  }
  const names = groupNames(shown);
  if (first === undefined) return { kind: "APIGroupList", apiVersion: "v1", groups: names.map(group) };
  if (second !== undefined) return resourceList(shown, `${first}/${second}`);
  return names.includes(first) ? { kind: "APIGroup", apiVersion: "v1", ...group(first) } : undefined;

  function group(name: string): JsonObject {
    const versions = versionsOf(shown, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] ?? {} };
  }
}

/** Of each document. */
export function discoveryPaths(resources: Resources): readonly string[] {
  const shown = shownIn(resources);
  const ofGroups = groupNames(shown).flatMap((name) => [
    `/apis/${name}`,
    ...versionsOf(shown, name).map((version) => `/apis/${name}/${version}`),
  ]);
  return ["/api", "/api/v1", "/apis", "/apis/", ...ofGroups];
}

export const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** The core group at /api, all others at /apis; undefined for any other path ("Aggregated discovery"). */
export function aggregatedDiscovery(resources: Resources, path: string): JsonObject | undefined {
  const shown = shownIn(resources);
  const names = path === "/api" ? [""] : path === "/apis" ? groupNames(shown) : undefined;
  if (names === undefined) return undefined;
  const items = names.map((name) => {
    const versions = versionsOf(shown, name).map((version) => ({
      version,
      resources: shown.filter((each) => each.group === name && each.version === version).map(aggregated),
      freshness: "Current",
    }));
    return { metadata: name === "" ? {} : { name }, versions };
  });
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
}

function aggregated({ kind, plural, singular, namespaced, subresources, ...rest }: Shown): JsonObject {
  return {
    resource: plural,
    // A real API server fills in group and version only where they are not those of the document.
    responseKind: rest.definition === undefined ? { group: rest.group, version: rest.version, kind } : { ...own, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: [...rest.verbs],
    ...namesOf(rest),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map(({ verbs, ...each }) => ({
            ...each,
            responseKind: { ...each.responseKind },
            verbs: [...verbs],
          })),
        }),
  };
}

const own = { group: "", version: "" };

function groupNames(shown: readonly Shown[]): string[] {
  return [...new Set(shown.map(({ group }) => group))].filter((group) => group !== "");
}

function versionsOf(shown: readonly Shown[], name: string): string[] {
  return [...new Set(shown.filter(({ group }) => group === name).map(({ version }) => version))];
}

function namesOf({ shortNames, categories }: Pick<Shown, "shortNames" | "categories">): JsonObject {
  return {
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    ...(categories.length === 0 ? {} : { categories: [...categories] }),
  };
}

function resourceList(shown: readonly Shown[], groupVersion: string): JsonObject | undefined {
  const served = shown.filter((each) => apiVersionOf(each) === groupVersion);
  if (served.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    ...(groupVersion === "v1" ? {} : { apiVersion: "v1" }),
    groupVersion,
    resources: served.flatMap((each) => [entry(each), ...each.subresources.map((below) => entryBelow(each, below))]),
  };
}

function entry({ plural, singular, kind, namespaced, verbs, hash, ...rest }: Shown): JsonObject {
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbs],
    ...namesOf(rest),
    ...(hash === undefined ? {} : { storageVersionHash: hash }),
  };
}

function entryBelow(
  { plural, namespaced, ...of }: Shown,
  { subresource, responseKind, verbs }: Subresource,
): JsonObject {
  const { group, version, kind } = responseKind;
  const isOwn = of.definition === undefined && group === of.group && version === of.version;
  const other = { ...(group === "" || isOwn ? {} : { group }), ...(version === "" || isOwn ? {} : { version }) };
  return { name: `${plural}/${subresource}`, singularName: "", namespaced, ...other, kind, verbs: [...verbs] };
}
