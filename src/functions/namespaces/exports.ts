/** What a team can export: its manifest, and everything it has as YAML, T-SQL or Azure CLI commands. */
import type { HttpRequest } from "@azure/functions";
import { findSettled } from "../../application/admission/claim.ts";
import { mustSee, notOnboarded } from "../../application/admission/seeNamespace.ts";
import {
  type Exported,
  exportAzureCli,
  exportKubernetes,
  exportTsql,
} from "../../application/inspection/exportNamespace.ts";
import type { Caller } from "../../domain/access/caller.ts";
import { manifestFragment } from "../../domain/export/manifest.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports.ts";
import { readBerth } from "../acceptance/readBerth.ts";
import type { Answer } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";

const formats = ["kubernetes", "tsql", "azurecli"] as const;
type Format = (typeof formats)[number];

export function registerExports(ports: Ports, routes: Routes): void {
  routes.add("exportNamespace", {
    route: "api/namespaces/{cluster}/{namespace}/export",
    method: "GET",
    query: ["format", "database"],
    handler: routes.forCallers(async (request, { by }) => {
      const format = readFormat(request);
      const onboarded = await findOnboarded(ports, request, by);
      const database = readDatabase(request, format, onboarded);
      if (format === "kubernetes") return text("application/yaml", exportKubernetes(ports.catalog, onboarded));
      if (format === "azurecli") return text("text/x-shellscript", exportAzureCli(ports.catalog, onboarded));
      return text("application/sql", exportTsql(ports.catalog, onboarded, database));
    }),
  });

  routes.add("getManifest", {
    route: "api/namespaces/{cluster}/{namespace}/manifest",
    method: "GET",
    handler: routes.forCallers(async (request, { by }) => {
      const onboarded = await findOnboarded(ports, request, by);
      return text("application/yaml", manifestFragment(onboarded.request));
    }),
  });
}

async function findOnboarded(
  { registry }: Pick<Ports, "registry">,
  { params }: HttpRequest,
  by: Caller,
): Promise<Exported> {
  const berth = readBerth(params);
  const record = await findSettled(registry, berth, mustSee(by, berth));
  // Until the namespace is onboarded there is no client ID, and what exists may still be undone.
  if (record.clientId === undefined) throw notOnboarded(berth);
  return { request: record.request, clientId: record.clientId };
}

function readFormat({ query }: HttpRequest): Format {
  const given = query.get("format") ?? "kubernetes";
  const format = formats.find((each) => each === given);
  if (format) return format;
  const detail = `takes ${formats.join(", ")}`;
  throw new Refusal("INVALID_REQUEST", `Query parameter format is "${given}"; it ${detail}.`, {
    errors: [{ pointer: "?format", detail }],
  });
}

function readDatabase({ query }: HttpRequest, format: Format, { request }: Exported): string | undefined {
  const given = query.get("database");
  if (given === null) return undefined;
  const known = request.databases.map(({ server, database }) => `${server}/${database}`);
  if (format === "tsql" && known.includes(given)) return given;
  const detail = format === "tsql" ? `takes ${known.join(", ")}` : "goes with format=tsql";
  throw new Refusal("INVALID_REQUEST", `Query parameter database is "${given}"; it ${detail}.`, {
    errors: [{ pointer: "?database", detail }],
  });
}

function text(type: string, body: string): Answer {
  return { status: 200, headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" }, body };
}
