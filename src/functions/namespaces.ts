import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { planOffboarding } from "../activities/planOffboarding.ts";
import { entityTag } from "../domain/entityTag.ts";
import { toDocument } from "../domain/finding.ts";
import { logLine } from "../domain/logLine.ts";
import type { Berth } from "../domain/names.ts";
import { type Plan, planOfSame } from "../domain/plan.ts";
import { visibleTeams } from "../domain/policy.ts";
import { traceIdOf } from "../domain/trace.ts";
import type { NamespaceRecord, Ports, Stored } from "../ports.ts";
import { acceptOffboarding, type Desk, expectFree, findSettled } from "./acceptance.ts";
import { authenticate } from "./authentication.ts";
import { expectMatch, isKnown } from "./conditions.ts";
import { answerOnce } from "./idempotency.ts";
import { nextLink, readLimit } from "./paging.ts";
import { findNamespace, mustSee, readBerth } from "./readBerth.ts";
import { readFlag } from "./readBody.ts";
import { accepted, json, route } from "./respond.ts";

export function registerNamespaces(ports: Ports): void {
  app.http("listNamespaces", {
    route: "api/namespaces",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async (request) => {
      const teams = visibleTeams(await authenticate(request));
      const cluster = request.query.get("cluster");
      const { value, continuation } = await ports.registry.listNamespaces({
        ...(cluster === null ? {} : { cluster }),
        ...(teams === undefined ? {} : { teams }),
        ...readLimit(request),
      });
      return json(200, { value: value.map(publicNamespace), ...nextLink(request, continuation) });
    }),
  });

  app.http("getNamespace", {
    route: "api/namespaces/{cluster}/{namespace}",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async (request) => {
      const by = await authenticate(request);
      const berth = readBerth(request.params);
      const record = await findNamespace(ports, by, berth);
      const headers = { etag: entityTag(record.etag) };
      if (isKnown(request, record.etag)) return { status: 304, headers };
      return json(200, publicNamespace(record), headers);
    }),
  });

  app.http("deleteNamespace", {
    route: "api/namespaces/{cluster}/{namespace}",
    methods: ["DELETE"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (request, context, traceparent) => {
      const by = await authenticate(request, ["Onboarding.Request"]);
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      const berth = readBerth(request.params);
      if (readFlag(request, "dryRun")) {
        return json(200, await planDeletion({ ports, by }, berth, ({ etag }) => expectMatch(request, etag)));
      }
      return await answerOnce(ports.idempotencyKeys, { request, by, body: null, context }, async () => {
        const { operation, isNew } = await acceptOffboarding(desk, berth, ({ etag }) => expectMatch(request, etag));
        context.log(logLine("offboarding accepted", { operation, isNew, ...berth, traceId: traceIdOf(traceparent) }));
        return accepted(request, operation, { id: operation, kind: "offboard", isNew });
      });
    }),
  });
}

export async function planDeletion(
  { ports, by }: Pick<Desk, "ports" | "by">,
  berth: Berth,
  expect: (record: Stored<NamespaceRecord>) => void = () => undefined,
): Promise<Plan> {
  const current = mustSee(by, berth, await findSettled(ports.registry, berth));
  if (current.state === "Offboarding") return planOfSame(current);
  expect(current);
  expectFree(current);
  const { request, earlier, migration } = current;
  return await planOffboarding(ports, { request, earlier, isMigrating: migration !== undefined });
}

function publicNamespace(record: NamespaceRecord) {
  const { cluster, namespace, state, operation, request, requestedBy, team } = record;
  const { onboardedTime, verifiedTime, clientId, findings = [], migration } = record;
  return {
    cluster,
    namespace,
    state,
    operation,
    requestedBy,
    team,
    onboardedTime,
    verifiedTime,
    clientId,
    findings: findings.map(toDocument),
    migration: migration && { completed: migration.completed, selector: migration.selector },
    identityMode: request.identityMode,
    databases: request.databases,
  };
}
