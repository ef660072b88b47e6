import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { planOffboarding } from "../activities/planOffboarding.ts";
import type { Caller } from "../domain/caller.ts";
import { entityTag } from "../domain/entityTag.ts";
import { logLine } from "../domain/logLine.ts";
import type { Berth } from "../domain/names.ts";
import { maySee, visibleTeams } from "../domain/policy.ts";
import { Namespace } from "../domain/request.ts";
import { traceIdOf } from "../domain/trace.ts";
import type { NamespaceRecord, Ports, Stored } from "../ports.ts";
import { acceptOffboarding, notOnboarded } from "./acceptance.ts";
import { authenticate } from "./authentication.ts";
import { expectMatch, isKnown } from "./conditions.ts";
import { answerOnce } from "./idempotency.ts";
import { nextLink, readLimit } from "./paging.ts";
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
      const record = await find(ports, by, berth);
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
      if (readFlag(request, "dryRun")) return json(200, await planOffboarding(ports, await find(ports, by, berth)));
      return await answerOnce(ports.idempotencyKeys, { request, by, body: null, context }, async () => {
        const { operation, isNew } = await acceptOffboarding(desk, berth, ({ etag }) => expectMatch(request, etag));
        context.log(logLine("offboarding accepted", { operation, isNew, ...berth, traceId: traceIdOf(traceparent) }));
        return accepted(request, operation, { id: operation, kind: "offboard", isNew });
      });
    }),
  });
}

async function find({ registry }: Ports, by: Caller, berth: Berth): Promise<Stored<NamespaceRecord>> {
  const record = await registry.getNamespace(berth);
  if (!record || !maySee(by, record)) throw notOnboarded(berth);
  return record;
}

/** A name that cannot be a namespace is not looked up: it is simply not onboarded. */
export function readBerth({ cluster = "", namespace = "" }: Readonly<Record<string, string>>) {
  if (!Namespace.safeParse(namespace).success || !/^[a-z0-9-]{1,40}$/.test(cluster)) {
    throw notOnboarded({ cluster, namespace });
  }
  return { cluster, namespace };
}

function publicNamespace(record: NamespaceRecord) {
  const { cluster, namespace, state, operation, request, requestedBy, team } = record;
  const { onboardedTime, verifiedTime, clientId } = record;
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
    identityMode: request.identityMode,
    databases: request.databases,
  };
}
