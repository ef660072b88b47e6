import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { logLine } from "../domain/logLine.ts";
import { Namespace } from "../domain/request.ts";
import { traceIdOf } from "../domain/trace.ts";
import type { NamespaceRecord, Ports } from "../ports.ts";
import { acceptOffboarding } from "./acceptance.ts";
import { authenticate } from "./authentication.ts";
import { nextLink, readLimit } from "./paging.ts";
import { Refusal } from "./refusal.ts";
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
      const berth = readBerth(request.params);
      const record = await ports.registry.getNamespace(berth);
      if (!record) throw new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berth.cluster}/${berth.namespace}.`);
      return json(200, publicNamespace(record));
    }),
  });

  app.http("deleteNamespace", {
    route: "api/namespaces/{cluster}/{namespace}",
    methods: ["DELETE"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (request, context, traceparent) => {
      const by = await authenticate(request);
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      const berth = readBerth(request.params);
      const { operation, isNew } = await acceptOffboarding(desk, berth);
      context.log(logLine("offboarding accepted", { operation, isNew, ...berth, traceId: traceIdOf(traceparent) }));
      return accepted(request, operation, { id: operation, kind: "offboard", isNew });
    }),
  });
}

/** A name that cannot be a namespace is not looked up: it is simply not onboarded. */
export function readBerth({ cluster = "", namespace = "" }: Readonly<Record<string, string>>) {
  if (!Namespace.safeParse(namespace).success || !/^[a-z0-9-]{1,40}$/.test(cluster)) {
    throw new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${cluster}/${namespace}.`);
  }
  return { cluster, namespace };
}

function publicNamespace(record: NamespaceRecord) {
  const { cluster, namespace, state, operation, request, requestedBy, onboardedTime, verifiedTime, clientId } = record;
  return {
    cluster,
    namespace,
    state,
    operation,
    requestedBy,
    onboardedTime,
    verifiedTime,
    clientId,
    identityMode: request.identityMode,
    databases: request.databases,
  };
}
