import type { Catalog } from "../../domain/catalog/catalog.ts";
import { namesInside } from "../../domain/naming/names.ts";
import { connectionTo, findTarget, keyOf, placeOf } from "../../domain/targets/namedTarget.ts";
import { findServer } from "../../domain/targets/sqlDatabase.ts";
import type { Contents, NamespacedObject } from "../definitions/namespacedObject.ts";

/** What an application needs to find its databases and its other targets. */
export const configMap: NamespacedObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  name: namesInside.configMap,
  fields: (catalog, contents) => ({ data: { ...databaseData(catalog, contents), ...targetData(catalog, contents) } }),
};

/** The first as SERVER_NAME and DATABASE_NAME, all of them as JSON. */
function databaseData(catalog: Catalog, { databases }: Contents): Readonly<Record<string, string>> {
  const all = databases.map(({ server: alias, database }) => {
    // Databases and roles are checked where they are granted; only the address matters here.
    const server = findServer(catalog, alias);
    // `host,port` is how SQL Server clients write a port that is not 1433.
    return { server: server.port === 1433 ? server.host : `${server.host},${server.port}`, database };
  });
  return {
    SERVER_NAME: all[0]?.server ?? "",
    DATABASE_NAME: all[0]?.database ?? "",
    DATABASES: JSON.stringify(all),
  };
}

/** The first of each kind in variables, all of them as JSON. Namespaces without targets do not have them: 0.1.0 knew none. */
function targetData(catalog: Catalog, { targets = [], ...namespaceRef }: Contents): Readonly<Record<string, string>> {
  if (targets.length === 0) return {};
  const all = targets.map((wanted) => {
    const place = placeOf(findTarget(catalog, { ...wanted, access: [] }));
    return { alias: keyOf(wanted), kind: place.kind, parts: connectionTo(place, namespaceRef) };
  });
  const inJson = all.map(({ alias, kind, parts }) => {
    const fields = parts.map(({ field, value }) => [field, value] as const);
    return [alias, { kind, ...Object.fromEntries(fields) }] as const;
  });
  const firsts = all.filter(({ kind }, index) => all.findIndex((each) => each.kind === kind) === index);
  const variables = firsts.flatMap(({ parts }) => parts.map(({ variable, value }) => [variable, value] as const));
  return { TARGETS: JSON.stringify(Object.fromEntries(inJson)), ...Object.fromEntries(variables) };
}
