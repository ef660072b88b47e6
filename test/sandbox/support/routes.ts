/** Who may do what, route by route: the callers and routes that every kind of authentication is tested with. */
import { names } from "../../../sandbox/cloud.ts";
import type { Person } from "../../support/people.ts";
import type { Answer, Service } from "../../support/service.ts";

export function request(namespace: string, changes: object = {}) {
  return {
    cluster: names.cluster,
    namespace,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    ...changes,
  };
}

export interface Route {
  /** As in the OpenAPI document. */
  readonly operationId: string;
  readonly ask: (service: Service) => Promise<Answer>;
  /** Status for a member of the owning team, without and with the role Onboarding.Request. */
  readonly member: { readonly approve: number; readonly request: number };
  /** Status for a member of another team. */
  readonly other: number;
  /** Status for a caller in no team; defaults to `other`. */
  readonly nobody?: number;
  /** Status for a caller with only Onboarding.Operate. */
  readonly operator: number;
  /** Status for the sandbox's key, which has every role; defaults to `operator`. */
  readonly key?: number;
}

/** Each of them calls every route. */
export const people: readonly [who: string, person: Person, expected: (route: Route) => number][] = [
  ["a member without a role", { team: "red" }, () => 403],
  ["a member who may approve", { team: "red", role: "approve" }, ({ member }) => member.approve],
  ["a member who may request", { team: "red", role: "request" }, ({ member }) => member.request],
  ["a member of another team", { team: "blue", role: "request" }, ({ other }) => other],
  ["a caller in no team", { role: "request" }, ({ other, nobody = other }) => nobody],
  ["an operator", { role: "operate" }, (route) => route.operator],
];

/** The requested namespace belongs to the team red, and so does a namespace whose operation waits for approval throughout. */
const owned = "red-owned";
const held = "red-held";

/** Returns the operation that onboarded the requested namespace. */
export async function occupy(red: Service): Promise<string> {
  const operation = await red.onboard(request(owned));
  await red.waitFor(operation);
  const database = { server: names.sqlServer, database: "orders", roles: ["executor"] };
  const waiting = await red.onboard(request(held, { databases: [database] }));
  for (;;) {
    const { phase, ...ended } = await red.operation(waiting);
    if (phase === "awaitingApproval") return operation;
    if (phase === "done") throw new Error(`it does not wait for an approval: ${JSON.stringify(ended)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export const fullName = `/api/namespaces/${names.cluster}/${owned}`;
const namespaceHeld = `/api/namespaces/${names.cluster}/${held}`;

/** `operation` is evaluated for each call. */
export function createRoutes(operation: () => string): readonly Route[] {
  const routes: Route[] = [
    {
      operationId: "createOnboarding",
      ask: (service) => service.call("POST", "/api/onboardings", request(owned)),
      member: { approve: 403, request: 202 },
      other: 403,
      operator: 202,
    },
    {
      operationId: "createOnboarding",
      ask: (service) => service.call("POST", "/api/onboardings?dryRun=true", request(owned)),
      member: { approve: 403, request: 200 },
      other: 403,
      operator: 200,
    },
    {
      operationId: "createBatch",
      ask: (service) => service.call("POST", "/api/onboardings/batch", { requests: [request(owned)] }),
      member: { approve: 403, request: 202 },
      other: 403,
      operator: 202,
    },
    {
      operationId: "createBatch",
      ask: (service) => service.call("POST", "/api/onboardings/batch?dryRun=true", { requests: [request(owned)] }),
      member: { approve: 403, request: 200 },
      other: 403,
      operator: 200,
    },
    {
      operationId: "createNamespaceBatch",
      ask: (service) => service.call("POST", "/api/namespaces/batch", { action: "verify", filter: { team: "red" } }),
      member: { approve: 403, request: 202 },
      other: 409,
      operator: 202,
    },
    {
      operationId: "createNamespaceBatch",
      ask: (service) =>
        service.call("POST", "/api/namespaces/batch?dryRun=true", { action: "offboard", filter: { team: "red" } }),
      member: { approve: 403, request: 200 },
      other: 409,
      operator: 200,
    },
    {
      operationId: "listOperations",
      ask: (service) => service.call("GET", "/api/operations"),
      member: { approve: 200, request: 200 },
      other: 200,
      operator: 200,
    },
    {
      operationId: "listOperations",
      ask: (service) => service.call("GET", "/api/operations?phase=awaitingApproval"),
      member: { approve: 200, request: 200 },
      other: 200,
      operator: 200,
    },
    {
      operationId: "listApprovals",
      ask: (service) => service.call("GET", "/api/approvals"),
      member: { approve: 200, request: 403 },
      other: 403,
      operator: 403,
      key: 200,
    },
    {
      operationId: "getOperation",
      ask: (service) => service.call("GET", `/api/operations/${operation()}`),
      member: { approve: 200, request: 200 },
      other: 404,
      operator: 200,
    },
    {
      operationId: "listNamespaces",
      ask: (service) => service.call("GET", "/api/namespaces"),
      member: { approve: 200, request: 200 },
      other: 200,
      operator: 200,
    },
    {
      operationId: "listOtherAccess",
      ask: (service) => service.call("GET", `/api/access/others?target=${names.sqlServer}/messages`),
      member: { approve: 200, request: 200 },
      // Every team may have the database.
      other: 200,
      nobody: 422,
      operator: 200,
    },
    {
      operationId: "listAccess",
      ask: (service) => service.call("GET", "/api/access"),
      member: { approve: 200, request: 200 },
      other: 200,
      operator: 200,
    },
    {
      operationId: "getNamespace",
      ask: (service) => service.call("GET", fullName),
      member: { approve: 200, request: 200 },
      other: 404,
      operator: 200,
    },
    {
      operationId: "deleteNamespace",
      // The namespace is held at this time, so the matrix changes nothing.
      ask: (service) => service.call("DELETE", namespaceHeld),
      member: { approve: 403, request: 409 },
      other: 404,
      operator: 409,
    },
  ];
  // A dry run answers each caller as the decision would.
  for (const [verb, query] of ["approve", "reject"].flatMap((each) => [
    [each, ""],
    [each, "?dryRun=true"],
  ])) {
    routes.push({
      operationId: `${verb}Operation`,
      // The operation does not wait for approval, and callers who may decide learn that.
      ask: (service) => service.call("POST", `/api/operations/${operation()}/${verb}${query}`, { requestHash: "hash" }),
      member: { approve: 409, request: 403 },
      other: 403,
      operator: 403,
      key: 409,
    });
  }
  for (const query of ["", "?dryRun=true"]) {
    for (const verb of ["cancel", "compensate"]) {
      routes.push({
        operationId: `${verb}Operation`,
        ask: (service) => service.call("POST", `/api/operations/${operation()}/${verb}${query}`),
        member: { approve: 403, request: 409 },
        other: 404,
        operator: 409,
      });
    }
  }
  for (const verb of ["verify", "repair", "migrate"]) {
    routes.push({
      operationId: `${verb}Namespace`,
      ask: (service) => service.call("POST", `${namespaceHeld}/${verb}`),
      member: { approve: 403, request: 409 },
      other: 404,
      operator: 409,
    });
  }
  for (const [operationId, path] of [
    ["exportNamespace", `${fullName}/export?format=azurecli`],
    ["getManifest", `${fullName}/manifest`],
  ] as const) {
    routes.push({
      operationId,
      ask: (service) => service.call("GET", path),
      member: { approve: 200, request: 200 },
      other: 404,
      operator: 200,
    });
  }
  for (const [operationId, path] of [
    ["getCatalog", "/api/catalog"],
    ["getCaller", "/api/caller"],
    ["listAudit", "/api/audit"],
  ] as const) {
    routes.push({
      operationId,
      ask: (service) => service.call("GET", path),
      member: { approve: 200, request: 200 },
      other: 200,
      operator: 200,
    });
  }
  routes.push(
    {
      operationId: "verifyAudit",
      ask: (service) => service.call("GET", "/api/audit/verify"),
      member: { approve: 403, request: 403 },
      other: 403,
      operator: 200,
    },
    {
      operationId: "followOperation",
      ask: (service) => service.call("GET", `/api/operations/${operation()}/events`),
      member: { approve: 200, request: 200 },
      other: 404,
      operator: 200,
    },
    {
      // The stream lasts for minutes, so only its beginning is read.
      operationId: "followAll",
      ask: (service) => service.call("GET", "/api/events", undefined, { accept: "text/event-stream" }),
      member: { approve: 200, request: 200 },
      other: 200,
      operator: 200,
    },
  );
  return routes;
}
/** Routes without authentication, which answer every caller alike. */
export const open = ["openapi", "live", "ready", "eventSchema", "onboardingSchema"];
