import type { HttpRequest } from "@azure/functions";
import { input } from "durable-functions";
import { clientIdOf, expectOnboarded, findSettled } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { lookAtMigration } from "../../application/migration/lookAtMigration.ts";
import { goesTo, prepareMigration } from "../../application/migration/prepareMigration.ts";
import { type PlannedRequest, withEstimate } from "../../application/plan/estimatePlan.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { MigrationRequest } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import type { AcceptanceContext } from "../acceptance/acceptance.ts";
import { acceptanceContextOf } from "../acceptance/acceptanceContext.ts";
import { acceptUpkeep } from "../acceptance/acceptUpkeep.ts";
import { readBerth } from "../acceptance/readBerth.ts";
import { acceptAfterRecovery, type RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import type { Receive } from "../http/change.ts";
import { expectMatch } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readFlag, readOptionalBody } from "../http/readBody.ts";
import { parseFields } from "../http/readRequest.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { currentNamespace } from "./namespaceDocument.ts";

export function registerMigrations(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.add("migrateNamespaceRoute", {
    route: "api/namespaces/{cluster}/{namespace}/migrate",
    method: "POST",
    query: ["dryRun", "to", "until"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (httpRequest, { context, traceparent, by, receive }) => {
      const berth = readBerth(httpRequest.params);
      const wanted = await readMigrationRequest(httpRequest, receive);
      const expect = (record: NamespaceRecord) => expectMatch(httpRequest, currentNamespace(record));
      if (readFlag(httpRequest, "dryRun"))
        return json(200, await planMigration({ ports, by }, berth, { wanted, expect }));
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      const prepare = (record: NamespaceRecord) => {
        expect(record);
        return { migration: prepareMigration(ports, record, wanted) };
      };
      return await answerOnce(
        ports.idempotencyKeys,
        { request: httpRequest, by, body: wanted, context },
        async (attempt) => {
          const accept = () =>
            acceptUpkeep({ ...acceptance, ...attempt }, "Migrating", { berth, prepare, isAsked: goesTo(wanted) });
          const { operation, kind, isNew } = await acceptAfterRecovery(requestRecovery, acceptance, { berth, accept });
          const { to, until } = wanted;
          const facts = { operation, isNew, to, until, ...berth };
          context.log(logLine("migration accepted", facts));
          return accepted(httpRequest, operation, { id: operation, kind, isNew });
        },
      );
    }),
  });
}

/** `to` and `until` may also come in the query, so that a call needs no body. */
async function readMigrationRequest(request: HttpRequest, receive: Receive): Promise<MigrationRequest> {
  const body = await readOptionalBody(request, { receive });
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  const asked = ["to", "until"].flatMap((name) => {
    const value = request.query.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return parseFields(MigrationRequest, isObject ? { ...Object.fromEntries(asked), ...body } : body);
}

interface Wanted {
  readonly wanted: MigrationRequest;
  readonly expect?: (record: NamespaceRecord) => void;
}

export async function planMigration(
  claimContext: Pick<AcceptanceContext, "ports" | "by">,
  berth: Berth,
  asked: Wanted,
): Promise<Plan> {
  const { plan, ...planned } = await lookAtMigrationOf(claimContext, berth, asked);
  return await withEstimate(claimContext.ports, plan, planned);
}

export async function lookAtMigrationOf(
  { ports, by }: Pick<AcceptanceContext, "ports" | "by">,
  berth: Berth,
  { wanted, expect = () => undefined }: Wanted,
): Promise<PlannedRequest> {
  const kind = "migrate";
  const record = await findSettled(ports.registry, berth, mustSee(by, berth));
  if (record.state === "Migrating" && goesTo(wanted)(record)) {
    return { plan: planOfSame(record), kind, request: record.request };
  }
  expectOnboarded(record);
  expect(record);
  const migration = prepareMigration(ports, record, wanted);
  const { request } = record;
  const clientId = clientIdOf(record);
  const operation = createOperationId(new Date());
  const { plan } = await lookAtMigration(ports, { operation, request, migration, clientId });
  return { plan, kind, request };
}
