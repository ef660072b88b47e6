/** The OpenAPI 3.1 document of the service, generated from the declarations that register its routes. */

import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { defined } from "../domain/defined.ts";
import { type AnyRoute, declareRoute, type OperationId } from "../http/declaration.ts";
import { body, guarded, problem, refusedByHost } from "../http/docs/answers.ts";
import { shareExamples } from "../http/docs/shareExamples.ts";
import { at } from "../http/place.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { listAccess, listOtherAccess } from "./access.ts";
import { createBatch, createNamespaceBatch } from "./batches/batches.ts";
import { getCaller } from "./caller.ts";
import { getCatalog } from "./catalog.ts";
import { live, ready } from "./health.ts";
import { exportNamespace, getManifest } from "./namespaces/exports.ts";
import { migrateNamespace } from "./namespaces/migrations.ts";
import { deleteNamespace, getNamespace, listNamespaces } from "./namespaces/namespaces.ts";
import { repairNamespace } from "./namespaces/repairs.ts";
import { verifyNamespace } from "./namespaces/verifications.ts";
import { createOnboarding, onboardingSchema } from "./onboardings/onboardings.ts";
import { listApprovals } from "./operations/approvals.ts";
import { approveRoute, cancelRoute, compensateRoute, rejectRoute } from "./operations/decisions.ts";
import { getOperation, listOperations } from "./operations/operations.ts";
import { listAudit, verifyAudit } from "./watching/audit.ts";
import { eventSchema, followAll, followOperation } from "./watching/events.ts";

const getDocument = declareRoute({
  operationId: "openapi",
  method: "GET",
  at: at("/api/openapi.json"),
  access: "anybody",
  tag: "Service",
  summary: "Get this document",
  description: "OpenAPI 3.1, made from the schemas that check requests.",
  reads: [],
  answers: {
    200: body("OpenAPI 3.1.", z.looseObject({ openapi: z.string() }), { document: { openapi: "3.1.0" } }),
  },
});

/** In the order of the document. */
const documented: { readonly [Id in OperationId]: AnyRoute<Id> } = {
  createOnboarding,
  onboardingSchema,
  listOperations,
  listApprovals,
  getOperation,
  cancelOperation: cancelRoute,
  approveOperation: approveRoute,
  rejectOperation: rejectRoute,
  compensateOperation: compensateRoute,
  listNamespaces,
  listAccess,
  listOtherAccess,
  getNamespace,
  deleteNamespace,
  createNamespaceBatch,
  createBatch,
  verifyNamespace,
  repairNamespace,
  migrateNamespace,
  followOperation,
  followAll,
  eventSchema,
  exportNamespace,
  getManifest,
  getCatalog,
  getCaller,
  listAudit,
  verifyAudit,
  live,
  ready,
  openapi: getDocument,
};
export const everyRoute: readonly AnyRoute[] = Object.values(documented);

/** Any route may also end in an unforeseen error, and any change may be refused for its media type (browserRequest.ts). */
const unforeseen = { default: problem("Any other problem; its code says which.", "UNEXPECTED") };
const undeclared = { 415: problem("The body is not declared as JSON.", "UNSUPPORTED_MEDIA_TYPE") };

/** The schema of the JSON that a route answers a good request with, by status. */
export function documentsOf({ answers }: AnyRoute): Readonly<Record<string, unknown>> {
  const found = Object.entries(answers).flatMap(([status, answer]) => {
    const schema = answer && "content" in answer ? answer.content?.["application/json"]?.schema : undefined;
    return schema && /^2/.test(status) ? [[status, schema]] : [];
  });
  return Object.fromEntries(found);
}

/** The names of the query parameters that a route takes. */
export function queryOf({ reads }: AnyRoute): readonly string[] {
  return reads.flatMap(({ query = {} }) => Object.keys(query));
}

function describe({ operationId, method, at, access, tag, summary, description, reads, answers }: AnyRoute) {
  const own = Object.assign({}, at.answers, ...reads.map((parameter) => parameter.answers), answers);
  const path = at.names;
  const query = shapeOf(reads.map((parameter) => parameter.query));
  const header = shapeOf(reads.map((parameter) => parameter.header));
  const requestBody = reads.find((parameter) => parameter.body)?.body;
  const operation: ZodOpenApiOperationObject = {
    operationId,
    tags: [tag],
    ...(access === "anybody" ? { security: [] } : {}),
    summary,
    description,
    ...(path || query || header ? { requestParams: defined({ path, query, header }) } : {}),
    ...defined({ requestBody }),
    responses: {
      ...(method === "GET" ? {} : undeclared),
      ...(access === "anybody" ? { ...refusedByHost, ...own } : guarded(own)),
      ...unforeseen,
    },
  };
  return operation;
}

function shapeOf(shapes: readonly (z.ZodRawShape | undefined)[]): z.ZodObject | undefined {
  const all: z.ZodRawShape = Object.assign({}, ...shapes);
  return Object.keys(all).length === 0 ? undefined : z.object(all);
}

function createPaths(): ZodOpenApiPathsObject {
  const byPath = Map.groupBy(everyRoute, ({ at: { path } }) => path);
  return Object.fromEntries(
    [...byPath].map(([path, routes]) => [
      path,
      Object.fromEntries(routes.map((route) => [route.method.toLowerCase(), describe(route)])),
    ]),
  );
}

export function createOpenApi() {
  const document = createDocument({
    openapi: "3.1.0",
    info: {
      title: "Mooring",
      version: "0.1.0",
      description: `Connects the applications of a Kubernetes namespace to Azure SQL through managed identities.

An unsupported method is answered with 405 and \`Allow\`. Every GET route also answers HEAD.`,
      contact: { name: "Whoever operates this Mooring" },
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      { url: "/", description: "The host that served this document." },
      {
        url: "https://{app}.azurewebsites.net",
        description: "A Function App in Azure.",
        variables: { app: { default: "mooring", description: "Name of the Function App." } },
      },
    ],
    tags: [
      { name: "Onboardings", description: "Requests for one namespace or many." },
      {
        name: "Namespaces",
        description: "Onboarded namespaces: read, verify, repair, migrate and offboard them.",
      },
      { name: "Operations", description: "What Mooring is doing or has done, and people's decisions about it." },
      { name: "Events", description: "Following operations as they happen." },
      { name: "Catalog", description: "What requests can ask for." },
      { name: "Audit", description: "Who did what, and to what." },
      { name: "Service", description: "The service itself, for probes and tools. No authentication." },
    ],
    security: [{ entra: [] }, { key: [] }],
    components: {
      securitySchemes: {
        entra: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A Microsoft Entra access token." },
        key: {
          type: "apiKey",
          in: "header",
          name: "x-mooring-key",
          description: "A key from the catalog, for local use.",
        },
      },
    },
    paths: createPaths(),
  });
  return shareExamples(document);
}

export function registerOpenApi(routes: Routes): void {
  let document: ReturnType<typeof createOpenApi> | undefined;
  routes.serveAnybody(getDocument, async () => {
    document ??= createOpenApi();
    return json(200, document);
  });
}
