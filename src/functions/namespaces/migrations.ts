import { acceptUpkeep } from "../../application/acceptance/acceptance.ts";
import { currentNamespace } from "../../application/documents/namespaceDocument.ts";
import { planMigration } from "../../application/dryRun/planMigration.ts";
import { goesTo, prepareMigration } from "../../application/migration/prepareMigration.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { parseFields } from "../../application/requests/readRequest.ts";
import { MigrationPhase, MigrationRequest } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { IdentityMode } from "../../domain/request/request.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { declareRoute, type Parameter } from "../../http/declaration.ts";
import { acceptedResponse, bodyProblems, planned, problem, requestBody } from "../../http/docs/answers.ts";
import { migrationRequest, repairPlan } from "../../http/docs/examples.ts";
import { readOptionalBody } from "../../http/parameters/body.ts";
import { change } from "../../http/parameters/change.ts";
import { atNamespace } from "../../http/place.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

/** `to` and `until` may also come in the query, so that a call needs no body. */
const wantedMigration: Parameter<MigrationRequest> = {
  query: { to: IdentityMode.optional(), until: MigrationPhase.optional() },
  body: requestBody("optional", MigrationRequest, { migrationRequest }),
  answers: bodyProblems,
  async read(request) {
    const body = await readOptionalBody(request);
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    const asked = ["to", "until"].flatMap((name) => {
      const value = request.query.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    return parseFields(MigrationRequest, isObject ? { ...Object.fromEntries(asked), ...body } : body);
  },
};

export const migrateNamespace = declareRoute({
  operationId: "migrateNamespace",
  functionName: "migrateNamespaceRoute",
  method: "POST",
  at: atNamespace("/migrate"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Namespaces",
  summary: "Migrate to another identity mode, phase by phase, or plan it with dryRun=true",
  description:
    "A migration can stop after any phase. Another call continues it; a call for the other identity mode reverses it, even after its end. The last phase waits until no pod uses the previous mode; its step checkPods names them.",
  reads: [change, wantedMigration],
  answers: {
    200: planned({ repairPlan }),
    202: acceptedResponse,
    409: problem(
      "There is nothing to migrate, or another operation holds the namespace or left it incomplete.",
      "NOTHING_TO_MIGRATE",
    ),
    422: problem(
      "A field is wrong, or the cluster does not offer the identity mode, or the profile's network policy excludes it; `errors` names the field.",
      "MODE_NOT_ALLOWED",
    ),
  },
});

export function registerMigrations(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.serve(migrateNamespace, async (call, asked, wanted) => {
    const { by, place: namespaceRef } = call;
    const expect = (record: NamespaceRecord) => asked.condition.match(currentNamespace(record));
    const prepare = (record: NamespaceRecord) => {
      expect(record);
      return { migration: prepareMigration(ports, record, wanted) };
    };
    return await answerChange(ports, call, asked, {
      sent: wanted,
      event: "migration accepted",
      facts: { ...namespaceRef, to: wanted.to, until: wanted.until },
      plan: () => planMigration({ ports, by }, namespaceRef, { wanted, expect }),
      recovery: { requestRecovery, namespaceRef },
      accept: (acceptance) => acceptUpkeep(acceptance, "Migrating", { namespaceRef, prepare, isAsked: goesTo(wanted) }),
    });
  });
}
