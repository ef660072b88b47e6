/**
 * A route, said once: its path, its function, who may call it, what it reads and what it answers. The declaration registers the
 * function, reads and refuses (route.ts), and is the route's part of the OpenAPI document (openapi.ts).
 *
 * What a route reads is a list of parameters, and its handler gets the value of each, in that order. A handler that takes fewer
 * values than its route declares does not compile, nor does one that takes more, or takes one and does not use it.
 */
import type { HttpRequest } from "@azure/functions";
import type { z } from "zod";
import type { ZodOpenApiRequestBodyObject, ZodOpenApiResponsesObject } from "zod-openapi";
import type { AppRole } from "../domain/access/caller.ts";

/** By status. */
export type Answers = ZodOpenApiResponsesObject;

/** One thing that a route reads of a request besides its path. */
export interface Parameter<T> {
  readonly query?: z.ZodRawShape;
  /** Query parameters that are refused with a reason of their own. */
  readonly refused?: readonly string[];
  readonly header?: z.ZodRawShape;
  readonly body?: ZodOpenApiRequestBodyObject;
  /** What reading it, or acting on it, can be answered with. */
  readonly answers?: Answers;
  /** Throws a refusal that names what is wrong. */
  read(request: HttpRequest): T | Promise<T>;
}

/** A parameter with any value. */
export type AnyParameter = Parameter<unknown>;

/** The path of a route, and what its variable segments name. */
export interface Place<P> {
  /** With a leading slash, as in the document. */
  readonly path: string;
  readonly names?: z.ZodObject;
  readonly answers?: Answers;
  read(segments: HttpRequest["params"]): P;
}

export type Tag = "Onboardings" | "Namespaces" | "Operations" | "Events" | "Catalog" | "Audit" | "Service";

/** Of every route in the document; openapi.ts does not compile without the route of one. */
export type OperationId =
  | "createOnboarding"
  | "onboardingSchema"
  | "listOperations"
  | "listApprovals"
  | "getOperation"
  | "cancelOperation"
  | "approveOperation"
  | "rejectOperation"
  | "compensateOperation"
  | "listNamespaces"
  | "listAccess"
  | "listOtherAccess"
  | "getNamespace"
  | "deleteNamespace"
  | "createNamespaceBatch"
  | "createBatch"
  | "verifyNamespace"
  | "repairNamespace"
  | "migrateNamespace"
  | "followOperation"
  | "followAll"
  | "eventSchema"
  | "exportNamespace"
  | "getManifest"
  | "getCatalog"
  | "getCaller"
  | "listAudit"
  | "verifyAudit"
  | "live"
  | "ready"
  | "openapi";

/** Anybody: without authentication. Callers: whoever proves who they are. Roles: callers with at least one of them. */
export type Access = "anybody" | "callers" | readonly AppRole[];

export interface RouteDeclaration<
  A extends Access,
  P,
  Ps extends readonly AnyParameter[],
  Id extends OperationId = OperationId,
> {
  readonly operationId: Id;
  /** The registered name, where it is another: an orchestration may have the first. */
  readonly functionName?: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly at: Place<P>;
  readonly access: A;
  /** What its requests count as, if they are no reads: what changes something must not wait for what only looks. */
  readonly counts?: "change" | "verification";
  /** Whether its function gets a durable client. */
  readonly hasClient?: boolean;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  readonly reads: Ps;
  /** Besides those of its place, its parameters and its access. */
  readonly answers: Answers;
}

export type AnyRoute<Id extends OperationId = OperationId> = RouteDeclaration<
  Access,
  unknown,
  readonly AnyParameter[],
  Id
>;

export type Values<Ps extends readonly AnyParameter[]> = {
  readonly [K in keyof Ps]: Ps[K] extends Parameter<infer T> ? T : never;
};

export function declareRoute<
  const A extends Access,
  P,
  const Ps extends readonly AnyParameter[],
  const Id extends OperationId,
>(route: RouteDeclaration<A, P, Ps, Id>): RouteDeclaration<A, P, Ps, Id> {
  return route;
}

/** The names that a query may have. */
export function queryNames({ reads }: Pick<AnyRoute, "reads">): readonly string[] {
  return reads.flatMap(({ query = {}, refused = [] }) => [...Object.keys(query), ...refused]);
}
