import { app, type HttpRequest } from "@azure/functions";
import { input } from "durable-functions";
import { z } from "zod";
import { clientIdOf, expectOnboarded, findSettled } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { lookAtMigration } from "../../application/migration/lookAtMigration.ts";
import { withEstimate } from "../../application/plan/estimatePlan.ts";
import { findClusterFor } from "../../domain/catalog/clusters.ts";
import { isRefusalCode, PermanentError } from "../../domain/errors.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { type Migration, MigrationPhase } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { ServiceAccountName, selectorOf } from "../../domain/request/request.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import type { Desk } from "../acceptance/acceptance.ts";
import { acceptUpkeep } from "../acceptance/acceptUpkeep.ts";
import { deskOf } from "../acceptance/desk.ts";
import { acceptMending, type OnSight } from "../acceptance/mendOnSight.ts";
import { readBerth } from "../acceptance/readBerth.ts";
import { expectMatch } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readFlag, readOptionalBody } from "../http/readBody.ts";
import { parseFields } from "../http/readRequest.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { tagOf } from "./namespaceDocument.ts";

export const MigrationRequest = z
  .strictObject({
    until: MigrationPhase.default("retire").meta({ description: "The last phase to run; call again to go on." }),
    serviceAccount: ServiceAccountName.optional().meta({
      description: "The service account of the workload; the one of the onboarding request when absent.",
    }),
  })
  .meta({ id: "MigrationRequest" });
export type MigrationRequest = z.infer<typeof MigrationRequest>;

export function registerMigrations(ports: Ports, routes: Routes, onSight: OnSight): void {
  app.http("migrateNamespaceRoute", {
    route: "api/namespaces/{cluster}/{namespace}/migrate",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (httpRequest, { context, traceparent, by }) => {
      const berth = readBerth(httpRequest.params);
      const wanted = await readMigrationRequest(httpRequest);
      const expect = (record: NamespaceRecord) => expectMatch(httpRequest, tagOf(record));
      if (readFlag(httpRequest, "dryRun"))
        return json(200, await planMigration({ ports, by }, berth, { wanted, expect }));
      const desk = deskOf(ports, { context, by, traceparent });
      const prepare = (record: NamespaceRecord) => {
        expect(record);
        return { migration: prepareMigration(ports, record, wanted) };
      };
      return await answerOnce(
        ports.idempotencyKeys,
        { request: httpRequest, by, body: wanted, context },
        async (attempt) => {
          const accept = () => acceptUpkeep({ ...desk, ...attempt }, "Migrating", { berth, prepare });
          const { operation, kind, isNew } = await acceptMending(onSight, desk, { berth, accept });
          const facts = { operation, isNew, until: wanted.until, ...berth, traceId: traceIdOf(traceparent) };
          context.log(logLine("migration accepted", facts));
          return accepted(httpRequest, operation, { id: operation, kind, isNew });
        },
      );
    }),
  });
}

/** `until` may stand in the query, too, so that a call needs no body. */
async function readMigrationRequest(request: HttpRequest): Promise<MigrationRequest> {
  const until = request.query.get("until");
  const body = await readOptionalBody(request);
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  return parseFields(MigrationRequest, until !== null && isObject ? { until, ...body } : body);
}

/** A new migration, or the one that had stopped and goes on. */
export function prepareMigration(ports: Ports, record: NamespaceRecord, wanted: MigrationRequest): Migration {
  const { request, migration } = record;
  if (!migration && request.identityMode === "workloadIdentity") {
    throw new Refusal("NOTHING_TO_MIGRATE", `${berthKey(record)} uses workload identity already.`);
  }
  try {
    findClusterFor(ports.catalog, request.cluster, "workloadIdentity");
  } catch (error) {
    if (!(error instanceof PermanentError) || !isRefusalCode(error.code)) throw error;
    throw new Refusal(error.code, error.message);
  }
  const serviceAccount = migration?.serviceAccount ?? wanted.serviceAccount ?? request.serviceAccount;
  if (wanted.serviceAccount !== undefined && wanted.serviceAccount !== serviceAccount) {
    const detail = `is "${serviceAccount}" in the migration that goes on here; it cannot change on the way`;
    throw new Refusal("INVALID_REQUEST", `/serviceAccount: ${detail}`, {
      errors: [{ pointer: "/serviceAccount", detail }],
    });
  }
  const selector = migration?.selector ?? selectorOf(request);
  return { ...migration, until: wanted.until, serviceAccount, selector };
}

export async function planMigration(
  { ports, by }: Pick<Desk, "ports" | "by">,
  berth: Berth,
  { wanted, expect = () => undefined }: { wanted: MigrationRequest; expect?: (record: NamespaceRecord) => void },
): Promise<Plan> {
  const record = await findSettled(ports.registry, berth, mustSee(by, berth));
  if (record.state === "Migrating") return planOfSame(record);
  expectOnboarded(record);
  expect(record);
  const migration = prepareMigration(ports, record, wanted);
  const { request } = record;
  const clientId = clientIdOf(record);
  const operation = createOperationId(new Date());
  const { plan } = await lookAtMigration(ports, { operation, request, migration, clientId });
  return await withEstimate(ports, plan, { kind: "migrate", request });
}
