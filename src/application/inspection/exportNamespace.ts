/** What an onboarded namespace consists of, built by the functions that the steps and the verification use. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type ExportedPart, printAzureCli, printKubernetes, printTsql } from "../../domain/export/exportScripts.ts";
import { keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { ExportInput } from "../../resources/definitions/resourceEffects.ts";
import { resourcesWithEffects } from "../../resources/effects.ts";
import { isWanted } from "../../resources/plannedSteps.ts";

export type Exported = ExportInput;

export function exportKubernetes(catalog: Catalog, exported: Exported): string {
  return printKubernetes(partsOf(catalog, exported).flatMap(({ objects = [] }) => objects));
}

/** For all databases, or for the one named as `server/database`. */
export function exportTsql(catalog: Catalog, { request, ...rest }: Exported, only?: string): string {
  const databases = request.databases.filter((database) => only === undefined || only === keyOf(database));
  const parts = partsOf(catalog, { ...rest, request: { ...request, databases } });
  return printTsql(parts.flatMap((part) => part.databases ?? []));
}

export function exportAzureCli(catalog: Catalog, exported: Exported): string {
  return printAzureCli(partsOf(catalog, exported).flatMap(({ commands = [] }) => commands));
}

function partsOf(catalog: Catalog, exported: Exported): readonly ExportedPart[] {
  return resourcesWithEffects
    .filter(({ resource }) => isWanted(resource, exported.request))
    .map(({ effects }) => effects.exported(catalog, exported));
}
