/**
 * Turns telemetry on where there is somewhere to send it: an OTLP endpoint by the variables of the OpenTelemetry specification,
 * Application Insights by its connection string, or both. Otherwise nothing is loaded and nothing is registered.
 */
import { app } from "@azure/functions";
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { traceIdOf, traceOf } from "../domain/watching/trace.ts";
import { type Credential, destinationsOf, type TelemetrySettings } from "./destinations.ts";
import { logLine, logWithin } from "./logLine.ts";
import { beginMetrics } from "./metrics.ts";
import { codeOf } from "./spans.ts";

const replayed = "orchestrationTrigger";
const ofDurable: readonly string[] = [replayed, "activityTrigger"];

/**
 * What is around each invocation: the trace that its lines of the log name. What it throws is logged, and the host, which shows
 * that in a span of its own, is told the code alone. Of orchestrators the SDK reads more from what is thrown, and activities
 * tell no more by themselves (durable/activity.ts).
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
          context.error(
            logLine("invocation failed", { reason: error instanceof Error ? error.message : String(error) }),
          );
          throw new Error(`[${codeOf(error)}] ${context.functionName} failed; the log says why.`);
        }
      });
  });
}

/**
 * The worker waits for the hooks of the start before the first invocation. Every invocation then runs under the span that the
 * host opened for it, an activity's under the one that the durable extension did. Orchestrators do not: they are replayed.
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
