/**
 * Turns telemetry on if the settings name a destination: an OTLP endpoint in the variables of the OpenTelemetry specification,
 * Application Insights by its connection string, or both. Otherwise nothing is loaded and nothing is registered.
 */

import { app } from "@azure/functions";
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { messageOf } from "../domain/messageOf.ts";
import { traceIdOf, traceOf } from "../domain/watching/trace.ts";
import { type Credential, destinationsOf, type TelemetrySettings } from "./destinations.ts";
import { logLine, logWithin } from "./logLine.ts";
import { beginMetrics } from "./metrics.ts";
import { codeOf } from "./spans.ts";

const replayed = "orchestrationTrigger";
const ofDurable: readonly string[] = [replayed, "activityTrigger"];

/**
 * Gives the log lines of each invocation their trace. What an invocation throws is logged; the host, which shows errors in its
 * own spans, gets only the code. Orchestrators are left alone because the SDK reads more from what they throw, and activities
 * because they already throw no more than that (durable/activity.ts).
 */
export function watchInvocations(): void {
  app.hook.preInvocation((hook) => {
    const { invocationContext: context, functionHandler: run } = hook;
    const { type } = context.options.trigger;
    if (type === replayed) return;
    const traceId = traceIdOf(traceOf({ caller: null, host: context.traceContext?.traceParent }));
    hook.functionHandler = (...args) =>
      logWithin({ traceId }, async () => {
        try {
          return await run(...args);
        } catch (error) {
          if (ofDurable.includes(type)) throw error;
          context.error(logLine("invocation failed", { reason: messageOf(error) }));
          throw new Error(`[${codeOf(error)}] ${context.functionName} failed; the log says why.`);
        }
      });
  });
}

/**
 * The worker waits for the start hooks before the first invocation. Every invocation then runs under the span that the host
 * opened for it, or, for an activity, the durable extension. Orchestrators do not, because they are replayed.
 */
export function startTelemetry(settings: TelemetrySettings, credential: Credential): void {
  const destinations = destinationsOf(settings, credential);
  if (!destinations) return;
  let stop = async (): Promise<void> => {};
  app.hook.appStart(async () => {
    const { startSdk } = await import("./sdk.ts");
    stop = await startSdk(destinations);
    beginMetrics();
  });
  app.hook.preInvocation((hook) => {
    const { options, traceContext } = hook.invocationContext;
    if (options.trigger.type === replayed) return;
    const { traceParent: traceparent, traceState: tracestate } = traceContext ?? {};
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent, tracestate });
    hook.functionHandler = context.bind(parent, hook.functionHandler);
  });
  app.hook.appTerminate(() => stop());
}
