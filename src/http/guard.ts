/**
 * What every HTTP route does before and after its own work: the headers that were sent, trace, check for cross-site requests,
 * authentication, and problem documents for errors.
 */
import type { HttpRequest, InvocationContext } from "@azure/functions";
import { noteRefusalOf, type RefusalTrail } from "../application/watching/refusalTrail.ts";
import { AppRole, type Caller } from "../domain/access/caller.ts";
import { type Traceparent, traceIdOf, traceOf } from "../domain/watching/trace.ts";
import { logWithin } from "../telemetry/logLine.ts";
import { expectDeliberate, isSafe } from "./browserRequest.ts";
import { type Callers, isProven } from "./callers/authentication.ts";
import type { Access, AnyRoute } from "./declaration.ts";
import type { Registered } from "./methods.ts";
import { type Answer, problem } from "./respond.ts";
import type { RestoreSent } from "./sentHeaders.ts";
import { expectParameters } from "./unknownParameters.ts";

/** What a handler gets besides the request. */
export interface Call {
  readonly context: InvocationContext;
  /** Who asks, where a route answers anybody, and some more fully; undefined if that is not proven. */
  identify(): Promise<Caller | undefined>;
  /** The call's trace; every answer carries it. */
  readonly traceparent: Traceparent;
}

export interface CallOfCaller extends Call {
  readonly by: Caller;
  /** Charges what the request costs beyond the one token that every request takes. */
  charge(tokens: number): void;
  /** Until when the caller has proven who it is; see `Callers`. */
  readonly validUntil: number | undefined;
  /** Refuses when too many are open; call the returned function when the stream is closed. */
  openStream(): () => void;
}

type Handler<C extends Call> = (request: HttpRequest, call: C) => Promise<Answer>;

export interface Guarded {
  readonly access: Exclude<Access, "anybody">;
  /** The names that a query may have. */
  readonly query: readonly string[];
  readonly counts?: AnyRoute["counts"];
}

export interface Guards {
  /** For what answers requests of any kind: only trace and errors. */
  answering(handler: Handler<Call>): Registered;
  /** Without authentication. */
  forAnybody(handler: Handler<Call>): Registered;
  /**
   * Authenticates first: no answer without a caller, and none that the caller's roles do not allow. A change has one of the limited
   * places from when all of it has been read, which takes as long as its sender likes.
   */
  forCallers<R>(
    guarded: Guarded,
    read: (request: HttpRequest) => Promise<R>,
    handler: (read: R, call: CallOfCaller) => Promise<Answer>,
  ): Registered;
}

interface Guarding {
  readonly callers: Callers;
  readonly refusals: RefusalTrail;
  readonly restoreSent: RestoreSent;
}

export function createGuards({ callers, refusals, restoreSent }: Guarding): Guards {
  const answering = answeringTo({ callers, restoreSent });
  const forAnybody: Guards["forAnybody"] = (handler) =>
    answering(async (request, call) => {
      expectDeliberate(request);
      return await handler(request, call);
    });
  const forCallers: Guards["forCallers"] = ({ access, query, counts = "change" }, read, handler) => {
    const anyOf = access === "callers" ? AppRole.options : access;
    return forAnybody(async (request, call) => {
      const by = await callers.identify(request);
      try {
        callers.expectAllowed(by, anyOf);
        expectParameters(request, query);
        const sent = await read(request);
        const end = isSafe(request)
          ? () => {}
          : counts === "change"
            ? callers.beginChange(by)
            : callers.beginVerification(by);
        try {
          return await handler(sent, {
            ...call,
            by,
            charge: (tokens) => callers.charge(by, tokens),
            validUntil: callers.validUntil(by),
            openStream: () => callers.openStream(by),
          });
        } finally {
          end();
        }
      } catch (error) {
        if (isProven(by)) await noteRefusal(refusals, error, { ...call, request, by });
        throw error;
      }
    });
  };
  return { answering, forAnybody, forCallers };
}

/** Unless the answer itself says otherwise, as a file of the dashboard does. */
const ofEveryAnswer = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

const answeringTo =
  ({ callers, restoreSent }: Pick<Guarding, "callers" | "restoreSent">) =>
  (handler: Handler<Call>): Registered =>
  async (request, context) => {
    // Nobody waits for the answer.
    if (!restoreSent(request, context)) return { status: 400 };
    const caller = request.headers.get("traceparent");
    const traceparent = traceOf({ caller, host: context.traceContext?.traceParent });
    const traceId = traceIdOf(traceparent);
    const identify = () => callers.identify(request).catch(() => undefined);
    const work = async () => await handler(request, { context, traceparent, identify });
    const answer = await logWithin({ traceId }, () =>
      work().catch((error: unknown) => problem(error, { context, traceId })),
    );
    return { ...answer, headers: { ...ofEveryAnswer, ...answer.headers, traceparent } };
  };

/** Writes the refusal of a request into the audit trail. */
async function noteRefusal(
  trail: RefusalTrail,
  error: unknown,
  {
    request,
    by,
    context,
    traceparent,
  }: { request: HttpRequest; by: Caller; context: InvocationContext; traceparent: Traceparent },
): Promise<void> {
  // Taken from the address as they are: they are not validated yet when the caller lacks the role.
  const cut = (text: string | undefined) => text?.slice(0, 100);
  const [cluster, namespace, id] = ["cluster", "namespace", "id"].map((name) => cut(request.params[name]));
  await noteRefusalOf(
    trail,
    error,
    { by, what: context.functionName, cluster, namespace, operation: id, traceparent },
    context,
  );
}
