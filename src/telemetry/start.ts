/**
 * Turns telemetry on where there is somewhere to send it: an OTLP endpoint by the variables of the OpenTelemetry specification,
 * Application Insights by its connection string, or both. Otherwise nothing is loaded and nothing is registered.
 */
import { app } from "@azure/functions";
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { type Credential, destinationsOf, type TelemetrySettings } from "./destinations.ts";
import { beginMetrics } from "./metrics.ts";

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
    if (options.trigger.type === "orchestrationTrigger") return;
    const { traceParent: traceparent, traceState: tracestate } = traceContext ?? {};
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent, tracestate });
    hook.functionHandler = context.bind(parent, hook.functionHandler);
  });
  app.hook.appTerminate(() => stop());
}
