/**
 * Policy refusals go into the audit trail: who asked for what, and why it was refused. Only for authenticated callers, so
 * that nobody else can fill the table; each caller's same refusal once an hour, and a limited number of different ones. Rate
 * limits alone would still let one caller write 72,000 entries an hour.
 */

import type { Caller } from "../../domain/access/caller.ts";
import { isOfPolicy } from "../../domain/errors.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { auditId } from "../../domain/watching/audit.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { appendDecision } from "./audit.ts";

const mostInAnHour = 50;
const hourMs = 3_600_000;

export interface RefusedRequest {
  readonly by: Caller;
  /** The function that refused, such as `createOnboarding`. */
  readonly what: string;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly operation?: string | undefined;
  readonly traceparent: Traceparent;
}

export interface RefusalTrail {
  append(error: unknown, request: RefusedRequest): Promise<void>;
}

export function createRefusalTrail(
  { audit }: Pick<Ports, "audit">,
  { now = () => Date.now() }: { now?: () => number } = {},
): RefusalTrail {
  let hour = 0;
  /** What each caller was refused in this hour, by the IDs of the entries; for this process only. */
  let written = new Map<string, Set<string>>();

  /** Undefined when there is nothing more to write. */
  function entryFor(caller: string, id: string): "entry" | "more" | undefined {
    const current = Math.floor(now() / hourMs);
    if (current !== hour) written = new Map();
    hour = current;
    const ids = written.get(caller) ?? new Set();
    written.set(caller, ids);
    if (ids.has(id) || ids.size > mostInAnHour) return undefined;
    ids.add(id);
    return ids.size > mostInAnHour ? "more" : "entry";
  }

  return {
    async append(error, { by, what, traceparent, ...where }) {
      if (!(error instanceof Refusal) || !isOfPolicy(error.code)) return;
      const { code, message } = error;
      const { cluster, namespace, operation } = { ...where, ...error.details.about };
      // The hour is part of the ID, so that two processes also write the same refusal only once.
      const time = Math.floor(now() / hourMs);
      const id = auditId(by.id, what, cluster ?? "", namespace ?? "", operation ?? "", code, message, String(time));
      const kind = entryFor(by.id, id);
      if (!kind) return;
      const [team, another] = by.teams;
      const origin = {
        cluster,
        namespace,
        operation,
        requestedBy: by.id,
        // The caller's team may see what its member was refused; which team owns the thing is not for readers of the trail.
        ...(team === undefined || another !== undefined ? {} : { team }),
        traceparent,
      };
      const reason =
        kind === "more"
          ? `More than ${mostInAnHour} different refusals within the hour; the others are in the log only.`
          : message;
      const entryId = kind === "more" ? auditId(by.id, "more", String(time)) : id;
      await appendDecision({ audit }, origin, {
        id: entryId,
        what,
        action: "refused",
        outcome: "Refused",
        code,
        reason,
      });
    },
  };
}

/** A failure to write the trail changes no answer. */
export async function noteRefusalOf(
  trail: RefusalTrail,
  error: unknown,
  request: RefusedRequest,
  log: { warn(line: string): void },
): Promise<void> {
  try {
    await trail.append(error, request);
  } catch (failure) {
    const reason = messageOf(failure);
    log.warn(logLine("refusal not in the audit trail", { what: request.what, reason }));
  }
}
