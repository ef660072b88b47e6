/**
 * Writes packages/kube-sim/src/kubernetes/builtIn/kinds.json, which says what a real API server serves: its kinds with their verbs, names
 * and columns, their fields, and the roles that every cluster has. It asks the one that `npm run apiServer` builds:
 *
 *   node tools/run.mjs packages/kube-sim/tools/writeClusterKinds.ts
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Agent, fetch } from "undici";
import { z } from "zod";
import { readVersions } from "../src/apiServer/programs.ts";
import { startCluster } from "../src/cluster/index.ts";
import { servedKinds } from "../src/kubernetes/builtIn/servedKinds.ts";
import { createContext, name } from "../start.ts";

const file = join(dirname(import.meta.dirname), "src/kubernetes/builtIn/kinds.json");

/** Of the fifty that there are, those that people bind. */
const roleNames = [
  ...["admin", "cluster-admin", "edit", "view"],
  ...["admin", "edit", "view"].map((name) => `system:aggregate-to-${name}`),
  ...["system:basic-user", "system:discovery", "system:public-info-viewer", "system:service-account-issuer-discovery"],
];

const Discovery = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().default("") }),
      versions: z.array(z.object({ version: z.string(), resources: z.array(z.looseObject({ resource: z.string() })) })),
    }),
  ),
});
const Discovered = z.object({
  resource: z.string(),
  responseKind: z.object({ kind: z.string() }),
  scope: z.string(),
  singularResource: z.string(),
  verbs: z.array(z.string()),
  shortNames: z.array(z.string()).optional(),
  categories: z.array(z.string()).optional(),
  subresources: z.array(z.looseObject({ subresource: z.string() })).optional(),
});
const Listed = z.object({
  resources: z.array(z.object({ name: z.string(), storageVersionHash: z.string().optional() })),
});
const Column = z.object({
  ...{ name: z.string(), type: z.string(), format: z.string(), description: z.string(), priority: z.number() },
});
type Definition = { [field: string]: unknown };
const OpenApi = z.object({ definitions: z.record(z.string(), z.looseObject({})) });
const Role = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });
const Roles = z.object({ items: z.array(Role) });

const context = await createContext();
const cluster = await startCluster(context, { isReal: true, cluster: name });
const dispatcher = new Agent({ connect: { ca: context.tls.certificate } });

async function get(path: string, accept = "application/json"): Promise<unknown> {
  const headers = { authorization: `Bearer ${cluster.adminToken}`, accept };
  return (await fetch(cluster.url + path, { dispatcher, headers })).json();
}

const { definitions } = OpenApi.parse(await get("/openapi/v2"));
addDefaults(await get("/openapi/v3/api/v1"));
/** Of the columns, most of which are descriptions that several have. */
const texts: string[] = [];
const kinds = [...(await kindsAt("/api")), ...(await kindsAt("/apis"))];
const roles = await rolesOf("clusterroles");
const bindings = await rolesOf("clusterrolebindings");
await cluster.close();
await dispatcher.close();

const lines = (items: readonly unknown[]) => items.map((item) => `    ${JSON.stringify(item)}`).join(",\n");
const entries = Object.entries(reachable()).map(
  ([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
);
writeFileSync(
  file,
  [
    `{\n  "version": ${JSON.stringify(readVersions().kubernetes)},`,
    `  "texts": [\n${lines(texts)}\n  ],`,
    `  "kinds": [\n${lines(kinds)}\n  ],`,
    `  "roles": [\n${lines(roles)}\n  ],`,
    `  "bindings": [\n${lines(bindings)}\n  ],`,
    `  "definitions": {\n${entries.join(",\n")}\n  }\n}\n`,
  ].join("\n"),
);
console.log(`${kinds.length} kinds, ${entries.length} definitions, ${roles.length} roles`);
process.exit(0);

/** Only the newer document has them; server-side apply needs those of keys, such as a port's protocol. */
function addDefaults(document: unknown): void {
  const Defaulted = z.object({
    properties: z.record(z.string(), z.looseObject({ default: z.unknown().optional() })).default({}),
  });
  const Document = z.object({ components: z.object({ schemas: z.record(z.string(), Defaulted) }) });
  for (const [definition, { properties }] of Object.entries(Document.parse(document).components.schemas)) {
    for (const [field, { default: standard }] of Object.entries(properties)) {
      const target = (definitions[definition]?.["properties"] as Record<string, Definition> | undefined)?.[field];
      if (target && typeof standard === "string" && standard !== "") target["default"] = standard;
    }
  }
}

async function kindsAt(root: string): Promise<object[]> {
  const found: object[] = [];
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const { items } = Discovery.parse(await get(root, accept));
  for (const { metadata, versions } of items) {
    for (const { version, resources } of versions) {
      const group = metadata.name;
      const path = root === "/api" ? `/api/${version}` : `/apis/${group}/${version}`;
      const hashes = new Map(
        Listed.parse(await get(path)).resources.map((each) => [each.name, each.storageVersionHash]),
      );
      for (const resource of resources) {
        const { responseKind, scope, singularResource, ...rest } = Discovered.parse(resource);
        const { kind } = responseKind;
        const apiVersion = group === "" ? version : `${group}/${version}`;
        const isServed = servedKinds[`${apiVersion} ${kind}`] !== undefined;
        if (!isServed) {
          const { resource: plural } = rest;
          const namespaced = scope === "Namespaced";
          found.push({ group, version, kind, plural, singular: singularResource, namespaced });
          continue;
        }
        found.push({
          ...{ group, version, kind, plural: rest.resource, singular: singularResource },
          namespaced: scope === "Namespaced",
          verbs: kind === "MutatingWebhookConfiguration" ? rest.verbs.filter(isReading) : rest.verbs,
          ...(rest.shortNames ? { shortNames: rest.shortNames } : {}),
          ...(rest.categories ? { categories: rest.categories } : {}),
          ...(rest.subresources ? { subresources: rest.subresources } : {}),
          ...(hashes.get(rest.resource) ? { hash: hashes.get(rest.resource) } : {}),
          definition: definitionOf(group, version, kind),
          ...(rest.verbs.includes("list") ? { columns: await columnsOf(`${path}/${rest.resource}`) } : {}),
        });
      }
    }
  }
  return found;
}

/** What nothing here would ask may not be written. */
function isReading(verb: string): boolean {
  return ["delete", "get", "list", "watch"].includes(verb);
}

async function columnsOf(path: string) {
  const table = await get(path, "application/json;as=Table;v=v1;g=meta.k8s.io");
  const { columnDefinitions } = z.object({ columnDefinitions: z.array(Column) }).parse(table);
  return columnDefinitions.map(({ name, type, format, description, priority }) => {
    if (!texts.includes(description)) texts.push(description);
    return [name, type, format, priority, texts.indexOf(description)];
  });
}

function definitionOf(group: string, version: string, kind: string): string {
  const isIt = (each: unknown) => JSON.stringify(each) === JSON.stringify({ group, kind, version });
  const found = Object.entries(definitions).find(([, definition]) => {
    const named = definition["x-kubernetes-group-version-kind"];
    return Array.isArray(named) && named.some(isIt);
  });
  if (!found) throw new Error(`No definition is that of ${group}/${version} ${kind}.`);
  return found[0];
}

async function rolesOf(plural: string): Promise<unknown[]> {
  const { items } = Roles.parse(await get(`/apis/rbac.authorization.k8s.io/v1/${plural}`));
  return items
    .filter(({ metadata }) => roleNames.includes(metadata.name))
    .map(({ metadata, ...rest }) => ({
      metadata: { name: metadata.name, labels: metadata["labels"], annotations: metadata["annotations"] },
      ...rest,
    }));
}

/** What the kinds are made of, almost without descriptions. */
function reachable(): Record<string, Definition> {
  const found = new Map<string, Definition>();
  const visit = (definition: string) => {
    if (found.has(definition)) return;
    const whole = definitions[definition] ?? {};
    // Of the metadata, which every custom resource has, clients show what each field means.
    const stripped = definition.endsWith(".ObjectMeta") ? whole : withoutDescriptions(whole);
    found.set(definition, stripped);
    for (const [, next = ""] of JSON.stringify(stripped).matchAll(/"#\/definitions\/([^"]+)"/g)) visit(next);
  };
  for (const { definition } of kinds as readonly { definition?: string }[]) if (definition) visit(definition);
  for (const extra of ["authentication.v1.TokenRequest", "autoscaling.v1.Scale", "policy.v1.Eviction"]) {
    visit(`io.k8s.api.${extra}`);
  }
  return Object.fromEntries([...found].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function withoutDescriptions(value: Definition): Definition {
  const strip = (child: unknown): unknown =>
    Array.isArray(child) ? child.map(strip) : isRecord(child) ? withoutDescriptions(child) : child;
  return Object.fromEntries(
    Object.entries(value)
      // A field may have this name.
      .filter(([key, child]) => key !== "description" || typeof child !== "string")
      .map(([key, child]) => [key, strip(child)]),
  );
}

function isRecord(value: unknown): value is Definition {
  return typeof value === "object" && value !== null;
}
