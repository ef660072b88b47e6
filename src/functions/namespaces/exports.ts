/** What a team can export: its manifest, and everything it has as YAML, T-SQL or Azure CLI commands. */

import { z } from "zod";
import { findCurrent } from "../../application/admission/claim.ts";
import { mustSee, notOnboarded } from "../../application/admission/seeNamespace.ts";
import { readStanding } from "../../application/documents/standings.ts";
import {
  type Exported,
  exportAzureCli,
  exportKubernetes,
  exportTsql,
} from "../../application/inspection/exportNamespace.ts";
import type { Caller } from "../../domain/access/caller.ts";
import { manifestFragment } from "../../domain/export/manifest.ts";
import { PrincipalId } from "../../domain/naming/identityPair.ts";
import { identityName, type NamespaceRef } from "../../domain/naming/names.ts";
import { requestInForce } from "../../domain/operation/standing.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { declareRoute } from "../../http/declaration.ts";
import { text, yaml } from "../../http/docs/answers.ts";
import { azureExport, kubernetesExport, manifest, tsqlExport } from "../../http/docs/examples.ts";
import { queryOf } from "../../http/parameters/query.ts";
import { atNamespace } from "../../http/place.ts";
import type { Answer } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

const Wanted = z.object({
  format: z.enum(["kubernetes", "tsql", "azurecli"]).optional(),
  database: z.string().optional().meta({ description: "With format tsql: only this `server/database`." }),
});

export const exportNamespace = declareRoute({
  operationId: "exportNamespace",
  method: "GET",
  at: atNamespace("/export"),
  access: "callers",
  tag: "Namespaces",
  summary: "Export everything that an onboarded namespace has",
  description: "The files work without Mooring, by hand or with other tools.",
  reads: [queryOf(Wanted)],
  answers: {
    200: {
      description: "Kubernetes objects, T-SQL for each database, or Azure CLI commands.",
      content: {
        ...yaml(kubernetesExport),
        ...text("application/sql", tsqlExport),
        ...text("text/x-shellscript", azureExport),
      },
    },
  },
});

export const getManifest = declareRoute({
  operationId: "getManifest",
  method: "GET",
  at: atNamespace("/manifest"),
  access: "callers",
  tag: "Namespaces",
  summary: "Get the fragment that a team pastes into its Deployment",
  description:
    "The service account or the label, and the ConfigMap that says how to connect to the databases and other targets.",
  reads: [],
  answers: { 200: { description: "A fragment of a manifest.", content: yaml(manifest) } },
});

export function registerExports({ catalog, registry }: Pick<Ports, "catalog" | "registry">, routes: Routes): void {
  routes.serve(exportNamespace, async ({ by, place: namespaceRef }, { format = "kubernetes", database }) => {
    const onboarded = await findOnboarded(registry, namespaceRef, by);
    if (database !== undefined) expectDatabase(database, format, onboarded);
    switch (format) {
      case "kubernetes":
        return plain("application/yaml", exportKubernetes(catalog, onboarded));
      case "azurecli":
        return plain("text/x-shellscript", exportAzureCli(catalog, onboarded));
      case "tsql":
        return plain("application/sql", exportTsql(catalog, onboarded, database));
    }
  });

  routes.serve(getManifest, async ({ by, place: namespaceRef }) => {
    const { request } = await findOnboarded(registry, namespaceRef, by);
    return plain("application/yaml", manifestFragment(request));
  });
}

async function findOnboarded(registry: Ports["registry"], namespaceRef: NamespaceRef, by: Caller): Promise<Exported> {
  const record = await findCurrent(registry, namespaceRef, mustSee(by, namespaceRef));
  // Until the namespace is onboarded there is no client ID, and what exists may still be undone.
  if (record.clientId === undefined) throw notOnboarded(namespaceRef);
  const identity = record.things?.find(({ thing }) => thing === identityName(namespaceRef));
  // What is only asked for is not there; what is being removed still is.
  const request = requestInForce(record, await readStanding(registry, record));
  return { request, clientId: record.clientId, principalId: PrincipalId.safeParse(identity?.id).data };
}

function expectDatabase(given: string, format: z.infer<typeof Wanted>["format"], { request }: Exported): void {
  const known = request.databases.map(({ server, database }) => `${server}/${database}`);
  if (format === "tsql" && known.includes(given)) return;
  const detail = format === "tsql" ? `takes ${known.join(", ")}` : "goes with format=tsql";
  throw new Refusal("INVALID_REQUEST", `Query parameter database is "${given}"; it ${detail}.`, {
    errors: [{ pointer: "?database", detail }],
  });
}

function plain(type: string, body: string): Answer {
  return { status: 200, headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" }, body };
}
