/** The SDK and its exporters: a separate bundle (sandbox/build.ts), loaded only if telemetry is on. */
import { AzureMonitorMetricExporter, AzureMonitorTraceExporter } from "@azure/monitor-opentelemetry-exporter";
import { context, DiagLogLevel, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import type { Destinations } from "./destinations.ts";
import { logLine } from "./logLine.ts";

/** Returns a function that sends what is left and stops. */
export async function startSdk(destinations: Destinations): Promise<() => Promise<void>> {
  const { metricIntervalMs, hasSampler } = destinations;
  diag.setLogger(complaints(), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
  const resource = defaultResource()
    .merge(resourceFromAttributes({ "service.name": "mooring" }))
    .merge(detectResources({ detectors: [envDetector] }));
  const exporters = exportersOf(destinations);
  const tracing = new BasicTracerProvider({
    resource,
    // Even if the caller does not sample the trace: when its first span begins, nobody knows yet what will fail.
    ...(hasSampler ? {} : { sampler: new AlwaysOnSampler() }),
    spanProcessors: exporters.spans.map((exporter) => new BatchSpanProcessor(exporter)),
  });
  const metering = new MeterProvider({
    resource,
    readers: exporters.metrics.map(
      (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: metricIntervalMs }),
    ),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracing);
  metrics.setGlobalMeterProvider(metering);
  return async () => {
    await Promise.allSettled([tracing.shutdown(), metering.shutdown()]);
    for (const api of [context, propagation, trace, metrics, diag]) api.disable();
  };
}

function exportersOf({ otlp, applicationInsights }: Destinations): {
  spans: readonly SpanExporter[];
  metrics: readonly PushMetricExporter[];
} {
  const azure = applicationInsights && { ...applicationInsights, disableOfflineStorage: true };
  return {
    spans: [
      ...(otlp.traces ? [new OTLPTraceExporter()] : []),
      ...(azure ? [new AzureMonitorTraceExporter(azure)] : []),
    ],
    metrics: [
      ...(otlp.metrics ? [new OTLPMetricExporter()] : []),
      ...(azure ? [new AzureMonitorMetricExporter(azure)] : []),
    ],
  };
}

const silenceMs = 300_000;

/** Logs what keeps telemetry from being sent; the same reason is logged only once in a while. */
function complaints() {
  const warned = new Map<string, number>();
  const warnOnce = (message: string) => {
    // Some messages are an error as JSON that begins with its stack.
    const reason = (/"message":"([^"]+)"/.exec(message)?.[1] ?? message).slice(0, 300);
    if (Date.now() - (warned.get(reason) ?? 0) < silenceMs) return;
    if (warned.size >= 100) warned.clear();
    warned.set(reason, Date.now());
    console.warn(logLine("telemetry not sent", { reason }));
  };
  const silent = () => {};
  return { error: warnOnce, warn: warnOnce, info: silent, debug: silent, verbose: silent };
}
