import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { toDocument } from "../domain/finding.ts";
import { logLine } from "../domain/logLine.ts";
import type { NamespaceRecord, Ports } from "../ports.ts";
import { acceptOffboarding } from "./acceptance.ts";
import { authenticate } from "./authentication.ts";
import { nextLink, readLimit } from "./paging.ts";
import { findNamespace, readBerth } from "./readBerth.ts";
import { accepted, json, route } from "./respond.ts";

export function registerNamespaces(ports: Ports): void {
  app.http("listNamespaces", {
    route: "api/namespaces",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async (request) => {
      await authenticate(request);
      const cluster = request.query.get("cluster");
      const { value, continuation } = await ports.registry.listNamespaces({
        ...(cluster === null ? {} : { cluster }),
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
      await authenticate(request);
      return json(200, publicNamespace(await findNamespace(ports.registry, readBerth(request.params))));
    }),
  });

  app.http("deleteNamespace", {
    route: "api/namespaces/{cluster}/{namespace}",
    methods: ["DELETE"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (request, context) => {
      const by = await authenticate(request);
      const desk = { ports, client: getClient(context), by, warn: context.warn.bind(context) };
      const berth = readBerth(request.params);
      const { operation, isNew } = await acceptOffboarding(desk, berth);
      context.log(logLine("offboarding accepted", { operation, isNew, ...berth }));
      return accepted(request, operation, { id: operation, kind: "offboard", isNew });
    }),
  });
}

function publicNamespace(record: NamespaceRecord) {
  const { cluster, namespace, state, operation, request, requestedBy, onboardedTime, verifiedTime, clientId } = record;
  const { findings = [], migration } = record;
  return {
    cluster,
    namespace,
    state,
    operation,
    requestedBy,
    onboardedTime,
    verifiedTime,
    clientId,
    findings: findings.map(toDocument),
    migration: migration && { completed: migration.completed, selector: migration.selector },
    identityMode: request.identityMode,
    databases: request.databases,
  };
}
