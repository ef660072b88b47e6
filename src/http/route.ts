/**
 * Registers the routes that the app declares (declaration.ts): each handler gets its call, and the values of its parameters.
 */

import type { HttpRequest } from "@azure/functions";
import { input } from "durable-functions";
import { defined } from "../domain/defined.ts";
import type { Access, AnyParameter, AnyRoute, RouteDeclaration, Values } from "./declaration.ts";
import { queryNames } from "./declaration.ts";
import type { Call, CallOfCaller, Guards } from "./guard.ts";
import { type Registered, type RouteOfApp, registerPaths } from "./methods.ts";
import type { Answer } from "./respond.ts";

/** What the path names. */
interface Placed<P> {
  readonly place: P;
}
export type RouteCall<P = undefined> = Call & Placed<P>;
export type RouteCallOfCaller<P = undefined> = CallOfCaller & Placed<P>;

/** Empty if the handler accepts every value of its route; otherwise an argument that nobody can pass. */
type AcceptsAll<H extends (...all: never) => unknown, Ps extends readonly unknown[]> =
  Parameters<H> extends readonly [unknown, ...infer Accepted]
    ? Accepted["length"] extends Ps["length"]
      ? []
      : [handlerLeavesOutParameters: never]
    : Ps["length"] extends 0
      ? []
      : [handlerLeavesOutParameters: never];

export interface Routes {
  /** Adds the function of a route that authenticates its callers first. */
  serve<P, Ps extends readonly AnyParameter[], H extends HandlerOf<RouteCallOfCaller<P>, Ps>>(
    route: RouteDeclaration<ForCallers, P, Ps>,
    handler: H,
    ...check: AcceptsAll<H, Ps>
  ): void;
  /** Adds the function of a route without authentication. */
  serveAnybody<P, Ps extends readonly AnyParameter[], H extends HandlerOf<RouteCall<P>, Ps>>(
    route: RouteDeclaration<"anybody", P, Ps>,
    handler: H,
    ...check: AcceptsAll<H, Ps>
  ): void;
  /** Adds the function of a path for people, which no program reads. */
  servePage(functionName: string, path: string, handler: (request: HttpRequest) => Promise<Answer>): void;
  /** Registers all added functions with the Functions host. */
  register(): void;
}

type HandlerOf<C, Ps extends readonly AnyParameter[]> = (call: C, ...values: Values<Ps>) => Promise<Answer>;
type ForCallers = Exclude<Access, "anybody">;

export function createRoutes({ answering, forAnybody, forCallers }: Guards): Routes {
  const added: RouteOfApp[] = [];
  const add = (
    { operationId, functionName = operationId, method, at, hasClient = false }: AnyRoute,
    handler: Registered,
  ) =>
    void added.push({
      name: functionName,
      route: at.path.slice(1),
      method,
      ...(hasClient ? { extraInputs: [input.durableClient()] } : {}),
      handler,
    });

  return {
    serve(route, handler, ..._check) {
      const { access, counts } = route;
      const guarded = defined({ access, query: queryNames(route), counts: counts || undefined });
      add(
        route,
        forCallers(guarded, readBy(route), (read, call) => handler({ ...call, place: read.place }, ...read.values)),
      );
    },
    serveAnybody(route, handler, ..._check) {
      add(
        route,
        forAnybody(async (request, call) => {
          const { place, values } = await readBy(route)(request);
          return await handler({ ...call, place }, ...values);
        }),
      );
    },
    servePage: (name, path, handler) =>
      void added.push({ name, route: path, method: "GET", handler: forAnybody(handler) }),
    register: () => registerPaths(added, answering),
  };
}

/** One after another: which of several mistakes is reported does not depend on how long each takes to read. */
function readBy<P, Ps extends readonly AnyParameter[]>({ at, reads }: RouteDeclaration<Access, P, Ps>) {
  return async (request: HttpRequest): Promise<Placed<P> & { readonly values: Values<Ps> }> => {
    const place = at.read(request.params);
    const values: unknown[] = [];
    for (const parameter of reads) values.push(await parameter.read(request));
    // Each value came out of the parameter at the same index.
    return { place, values: values as Values<Ps> };
  };
}
