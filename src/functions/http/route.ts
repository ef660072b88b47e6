/**
 * What every HTTP route does before and after its own work: the headers that were sent, trace, check for cross-site requests,
 * authentication, and problem documents for errors.
 */
import type { HttpRequest, InvocationContext } from "@azure/functions";
import { AppRole, type Caller } from "../../domain/access/caller.ts";
import { type Traceparent, traceIdOf, traceOf } from "../../domain/watching/trace.ts";
import { logWithin } from "../../telemetry/logLine.ts";
import { type Callers, isProven } from "../callers/authentication.ts";
import { noteRefusal, type RefusalTrail } from "../callers/refusalTrail.ts";
import { expectDeliberate, isSafe } from "./browserRequest.ts";
import { beginChange, type Receive } from "./change.ts";
import { type Registered, type RouteOfApp, registerPaths } from "./methods.ts";
import { expectParameters } from "./parameters.ts";
import { type Answer, problem } from "./respond.ts";
import type { RestoreSent } from "./sentHeaders.ts";

/** What a handler gets in addition to the request. */
export interface Call {
  readonly context: InvocationContext;
  /** The call's trace; every answer carries it. */
  readonly traceparent: Traceparent;
  /** The query parameters of the route. */
  readonly query: readonly string[];
}

export interface CallOfCaller extends Call {
  readonly by: Caller;
  /** Charges what the request costs beyond the one token that every request takes. */
  charge(tokens: number): void;
  /** Refuses when too many are open; call the returned function when the stream is closed. */
  openStream(): () => void;
  /** Reads the body; the request does not occupy its place among the changes meanwhile. */
  readonly receive: Receive;
}

/** What a route's requests count as, other than GET: what changes something must not wait for what only looks. */
type Counted = "change" | "verification";

type Handler<C extends Call> = (request: HttpRequest, call: C) => Promise<Answer>;

export interface Routes {
  /** Adds the function that answers one method of a path. */
  add(functionName: string, route: Omit<RouteOfApp, "name">): void;
  /** Registers all added functions with the Functions host. */
  register(): void;
  /** Without authentication. */
  forAnybody(handler: Handler<Call>): Registered;
  /** Authenticates first: no answer without a caller, and none that the caller's roles do not allow. */
  forCallers(handler: Handler<CallOfCaller>): Registered;
  /** For callers with at least one of the roles. */
  forRoles(anyOf: readonly AppRole[], handler: Handler<CallOfCaller>, as?: Counted): Registered;
}

export function createRoutes({
  callers,
  refusals,
  restoreSent,
}: {
  readonly callers: Callers;
  readonly refusals: RefusalTrail;
  readonly restoreSent: RestoreSent;
}): Routes {
  const added: RouteOfApp[] = [];
  const answering = answeringTo(restoreSent);
  const forAnybody: Routes["forAnybody"] = (handler) =>
    answering(async (request, call) => {
      expectDeliberate(request);
      return await handler(request, call);
    });
  const forRoles: Routes["forRoles"] = (anyOf, handler, as = "change") =>
    forAnybody(async (request, call) => {
      const by = await callers.identify(request);
      try {
        callers.admit(by, anyOf);
        expectParameters(request, call.query);
        const takePlace = isSafe(request)
          ? () => () => {}
          : () => (as === "change" ? callers.beginChange(by) : callers.beginVerification(by));
        const change = beginChange({ takePlace, beginBody: () => callers.beginBody(by) });
        try {
          return await handler(request, {
            ...call,
            by,
            charge: (tokens) => callers.charge(by, tokens),
            openStream: () => callers.openStream(by),
            receive: change.receive,
          });
        } finally {
          change.end();
        }
      } catch (error) {
        if (isProven(by)) await noteRefusal(refusals, error, { ...call, request, by });
        throw error;
      }
    });
  return {
    add: (name, route) => void added.push({ ...route, name }),
    register: () => registerPaths(added, answering),
    forAnybody,
    forCallers: (handler) => forRoles(AppRole.options, handler),
    forRoles,
  };
}

const answeringTo =
  (restoreSent: RestoreSent) =>
  (handler: Handler<Call>): Registered =>
  async (request, context, query = []) => {
    // Nobody waits for the answer.
    if (!restoreSent(request, context)) return { status: 400 };
    const caller = request.headers.get("traceparent");
    const traceparent = traceOf({ caller, host: context.traceContext?.traceParent });
    const traceId = traceIdOf(traceparent);
    const work = async () => await handler(request, { context, traceparent, query });
    const answer = await logWithin({ traceId }, () =>
      work().catch((error: unknown) => problem(error, { context, traceId })),
    );
    return { ...answer, headers: { ...answer.headers, traceparent } };
  };
