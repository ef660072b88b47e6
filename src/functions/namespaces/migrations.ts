import type { HttpRequest } from "@azure/functions";
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
import { type Migration, MigrationPhase, targetOf, towards } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { IdentityMode, ServiceAccountName, selectorOf } from "../../domain/request/request.ts";
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
    to: IdentityMode.default("workloadIdentity").meta({
      description: "podIdentity goes back, from wherever a migration has stopped and also after its end.",
    }),
    until: MigrationPhase.default("retire").meta({ description: "The last phase to run; call again to go on." }),
    serviceAccount: ServiceAccountName.optional().meta({
      description: "The service account of the workload; the one of the onboarding request when absent.",
    }),
    selector: ServiceAccountName.optional().meta({
      description:
        "On the way back, the value of the pod label aadpodidbinding; the one of before, or the namespace's name, when absent.",
    }),
  })
  .meta({ id: "MigrationRequest" });
export type MigrationRequest = z.infer<typeof MigrationRequest>;

export function registerMigrations(ports: Ports, routes: Routes, onSight: OnSight): void {
  routes.add("migrateNamespaceRoute", {
    route: "api/namespaces/{cluster}/{namespace}/migrate",
    method: "POST",
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
          const accept = () =>
            acceptUpkeep({ ...desk, ...attempt }, "Migrating", { berth, prepare, isAsked: goesTo(wanted) });
          const { operation, kind, isNew } = await acceptMending(onSight, desk, { berth, accept });
          const { to, until } = wanted;
          const facts = { operation, isNew, to, until, ...berth, traceId: traceIdOf(traceparent) };
          context.log(logLine("migration accepted", facts));
          return accepted(httpRequest, operation, { id: operation, kind, isNew });
        },
      );
    }),
  });
}

/** `to` and `until` may stand in the query, too, so that a call needs no body. */
async function readMigrationRequest(request: HttpRequest): Promise<MigrationRequest> {
  const body = await readOptionalBody(request);
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  const asked = ["to", "until"].flatMap((name) => {
    const value = request.query.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return parseFields(MigrationRequest, isObject ? { ...Object.fromEntries(asked), ...body } : body);
}

/** Whether the migration that runs goes the way that is asked for. */
function goesTo({ to }: Pick<MigrationRequest, "to">): (running: NamespaceRecord) => boolean {
  return ({ migration }) => migration !== undefined && targetOf(migration) === to;
}

/** A new migration, or the one that had stopped and goes on, or back. */
export function prepareMigration(ports: Ports, record: NamespaceRecord, wanted: MigrationRequest): Migration {
  const { request } = record;
  const { to, until } = wanted;
  const migration = record.migration && towards(record.migration, to);
  if (!migration && request.identityMode === to) {
    const words = to === "podIdentity" ? "pod identity" : "workload identity";
    throw new Refusal("NOTHING_TO_MIGRATE", `${berthKey(record)} uses ${words} already.`);
  }
  try {
    findClusterFor(ports.catalog, request.cluster, to);
  } catch (error) {
    if (!(error instanceof PermanentError) || !isRefusalCode(error.code)) throw error;
    throw new Refusal(error.code, error.message);
  }
  const isBack = to === "podIdentity";
  // What the way that is left has is as it is.
  const there = migration ?? (isBack ? { serviceAccount: request.serviceAccount } : { selector: selectorOf(request) });
  const serviceAccount = settle("serviceAccount", there, wanted) ?? request.serviceAccount;
  const selector = settle("selector", there, wanted) ?? selectorOf(request);
  return { ...migration, ...(isBack ? { to } : {}), until, serviceAccount, selector };
}

type Named = { readonly serviceAccount?: string | undefined; readonly selector?: string | undefined };

/** What is there counts, and nothing else may be asked for. */
function settle(field: keyof Named, there: Named, wanted: Named): string | undefined {
  const [is, asked] = [there[field], wanted[field]];
  if (is === undefined || asked === undefined || is === asked) return is ?? asked;
  const detail = `is "${is}" here; it cannot change on the way`;
  throw new Refusal("INVALID_REQUEST", `/${field}: ${detail}`, { errors: [{ pointer: `/${field}`, detail }] });
}

export async function planMigration(
  { ports, by }: Pick<Desk, "ports" | "by">,
  berth: Berth,
  { wanted, expect = () => undefined }: { wanted: MigrationRequest; expect?: (record: NamespaceRecord) => void },
): Promise<Plan> {
  const record = await findSettled(ports.registry, berth, mustSee(by, berth));
  if (record.state === "Migrating" && goesTo(wanted)(record)) return planOfSame(record);
  expectOnboarded(record);
  expect(record);
  const migration = prepareMigration(ports, record, wanted);
  const { request } = record;
  const clientId = clientIdOf(record);
  const operation = createOperationId(new Date());
  const { plan } = await lookAtMigration(ports, { operation, request, migration, clientId });
  return await withEstimate(ports, plan, { kind: "migrate", request });
}
