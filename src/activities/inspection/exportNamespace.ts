/** What an onboarded namespace consists of, from the same functions that the steps and the verification use. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { findDatabase } from "../../domain/targets/sqlDatabase.ts";
import { type ExportedDatabase, printAzureCli, printKubernetes, printTsql } from "../../domain/export/exportScripts.ts";
import { identityName } from "../../domain/naming/names.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { grantsOf } from "../resources/databaseUser.ts";
import { desiredCredential } from "../resources/federatedCredential.ts";
import { namespaceObject } from "../resources/namespace.ts";
import { desiredObjects } from "../resources/namespaceObjects.ts";

export interface Exported {
  readonly request: OnboardingRequest;
  readonly clientId: string;
}

export function exportKubernetes(catalog: Catalog, { request, clientId }: Exported): string {
  return printKubernetes([namespaceObject(request), ...desiredObjects({ catalog }, request, clientId)]);
}

/** Of all databases, or of the one that is named as `server/database`. */
export function exportTsql(catalog: Catalog, { request, clientId }: Exported, only?: string): string {
  return printTsql(
    request.databases
      .filter(({ server, database }) => only === undefined || only === `${server}/${database}`)
      .map((wanted): ExportedDatabase => {
        const { server, database } = findDatabase(catalog, { ...wanted, roles: [] });
        const grants = grantsOf(wanted.roles);
        return {
          server: `${server.host},${server.port}`,
          database,
          user: identityName(request),
          sid: sidFromClientId(clientId),
          roles: grants.filter(({ kind }) => kind === "role").map(({ name }) => name),
          permissions: grants.filter(({ kind }) => kind === "permission").map(({ name }) => name),
        };
      }),
  );
}

export function exportAzureCli(catalog: Catalog, { request }: Exported): string {
  const cluster = findCluster(catalog, request.cluster);
  const credential = request.identityMode === "workloadIdentity" ? desiredCredential(cluster, request) : undefined;
  return printAzureCli({ ...identityRef(cluster, request), location: cluster.location, credential });
}
