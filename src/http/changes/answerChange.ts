/** How every change is answered: with its plan, or with the operation that it began, once for each idempotency key. */
import type { AcceptanceContext, Accepted } from "../../application/acceptance/acceptance.ts";
import { acceptAfterRecovery, type RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { planDocument } from "../../domain/documents/errorDocument.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { AnyKind, BatchPlan } from "../../domain/operation/batch.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import type { CallOfCaller } from "../guard.ts";
import { type Attempt, answerOnce } from "../idempotency.ts";
import type { Change } from "../parameters/change.ts";
import { type Answer, accepted, json } from "../respond.ts";
import { acceptanceContextOf } from "./acceptanceContext.ts";

/** What a change begins, as its answer describes it. */
export interface Begun extends Pick<Accepted, "operation" | "isNew"> {
  readonly kind: AnyKind;
  readonly message?: string | undefined;
}

export interface ChangeWork {
  /** What the request says, apart from its path and query. */
  readonly sent: unknown;
  /** For the log: `repair accepted`. */
  readonly event: string;
  readonly facts: object;
  readonly plan: () => Promise<Plan | BatchPlan>;
  readonly accept: (acceptance: AcceptanceContext & Attempt) => Promise<Begun>;
  /** Whose operation is looked after if it stands in the way, or already is what the request asks for. */
  readonly recovery?: { readonly namespaceRef: NamespaceRef; readonly requestRecovery: RequestRecovery };
}

export async function answerChange(
  ports: Ports,
  { context, by, traceparent }: Pick<CallOfCaller, "context" | "by" | "traceparent">,
  { isDryRun, request }: Pick<Change, "isDryRun" | "request">,
  { sent, event, facts, plan, accept, recovery }: ChangeWork,
): Promise<Answer> {
  if (isDryRun) return json(200, planDocument(await plan()));
  const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
  return await answerOnce(ports.idempotencyKeys, { request, by, body: sent, context }, async (attempt) => {
    const begin = () => accept({ ...acceptance, ...attempt });
    const {
      operation: id,
      kind,
      isNew,
      message,
    } = recovery ? await acceptAfterRecovery(acceptance, recovery, begin) : await begin();
    context.log(logLine(event, { operation: id, kind, isNew, ...facts }));
    return accepted({ id, kind, isNew, message });
  });
}
