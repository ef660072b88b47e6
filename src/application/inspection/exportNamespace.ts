/** What an onboarded namespace consists of, built by the functions that the steps and the verification use. */

import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type ExportedPart, printAzureCli, printKubernetes, printTsql } from "../../domain/export/exportScripts.ts";
import { namesOf } from "../../domain/lookUp.ts";
import { endsOf } from "../../domain/request/expiry.ts";
import { keyOf } from "../../domain/targets/sqlDatabase.ts";
import { unlessDropped } from "../../resources/definitions/leftCatalog.ts";
import type { ExportInput } from "../../resources/definitions/resource.ts";
import { isWanted, resources, resourcesFor } from "../../resources/index.ts";

export type Exported = ExportInput;

export function exportKubernetes(catalog: Catalog, exported: Exported): string {
  const { made, leftOut } = collect(partsOf(catalog, exported), "objects");
  return printKubernetes(made, { leftOut, ends: endsOf(exported.request) });
}

/** For all databases, or for the one named as `server/database`. */
export function exportTsql(catalog: Catalog, { request, ...rest }: Exported, only?: string): string {
  const databases = request.databases.filter((database) => only === undefined || only === keyOf(database));
  const { made, leftOut } = collect(partsOf(catalog, { ...rest, request: { ...request, databases } }), "databases");
  const { targets: _others, ...ofDatabases } = { ...request, databases };
  return printTsql(made, { leftOut, ends: endsOf(ofDatabases) });
}

export function exportAzureCli(catalog: Catalog, exported: Exported): string {
  const { made, leftOut } = collect(partsOf(catalog, exported), "commands");
  return printAzureCli(made, { leftOut, ends: endsOf(exported.request) });
}

/** A resource that needs a name that the catalog has dropped is left out of its script. */
function partsOf(catalog: Catalog, exported: Exported): readonly ExportedPart[] {
  return namesOf(resources)
    .filter((name) => resourcesFor(exported.request).includes(resources[name]))
    .filter((name) => isWanted(resources[name], exported.request))
    .map((name) =>
      unlessDropped(
        () => resources[name].exported(catalog, exported),
        ({ message: why }): ExportedPart => ({ leftOut: [{ what: inWords(name), why }] }),
      ),
    );
}

/** `federated credential` */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

type Kind = "objects" | "databases" | "commands";

function collect<K extends Kind>(parts: readonly ExportedPart[], kind: K) {
  type Made = NonNullable<ExportedPart[K]>[number];
  const isOfScript = (part: ExportedPart) => part[kind] !== undefined || !kinds.some((each) => part[each]);
  return {
    made: parts.flatMap((part): readonly Made[] => part[kind] ?? []),
    leftOut: parts.filter(isOfScript).flatMap(({ leftOut = [] }) => leftOut),
  };
}

const kinds: readonly Kind[] = ["objects", "databases", "commands"];
