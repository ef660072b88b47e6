/** Where telemetry goes, according to the settings. */

/** The part of an @azure/identity credential that an exporter needs. */
export interface Credential {
  getToken(scopes: string | string[]): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

export interface TelemetrySettings {
  readonly OTEL_SDK_DISABLED: boolean;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_METRICS_ENDPOINT?: string | undefined;
  readonly OTEL_METRIC_EXPORT_INTERVAL: number;
  readonly OTEL_TRACES_SAMPLER?: string | undefined;
  readonly APPLICATIONINSIGHTS_CONNECTION_STRING?: string | undefined;
  readonly APPLICATIONINSIGHTS_AUTHENTICATION_STRING?: string | undefined;
}

/** Where spans and metrics go. The exporters' packages read the environment variables, too. */
export interface Destinations {
  readonly otlp: { readonly traces: boolean; readonly metrics: boolean };
  readonly applicationInsights: { readonly connectionString: string; readonly credential?: Credential } | undefined;
  readonly metricIntervalMs: number;
  /** Whether the specification's variables configure sampling; otherwise every span is kept. */
  readonly hasSampler: boolean;
}

export function destinationsOf(settings: TelemetrySettings, credential: Credential): Destinations | undefined {
  if (settings.OTEL_SDK_DISABLED) return undefined;
  const both = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const traces = (settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? both) !== undefined;
  const metrics = (settings.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? both) !== undefined;
  const connectionString = settings.APPLICATIONINSIGHTS_CONNECTION_STRING;
  if (!traces && !metrics && connectionString === undefined) return undefined;
  // As the host reads it: `ClientId=…;Authorization=AAD`.
  const isEntra = /\bAuthorization=AAD\b/i.test(settings.APPLICATIONINSIGHTS_AUTHENTICATION_STRING ?? "");
  return {
    otlp: { traces, metrics },
    applicationInsights:
      connectionString === undefined ? undefined : { connectionString, ...(isEntra ? { credential } : {}) },
    metricIntervalMs: settings.OTEL_METRIC_EXPORT_INTERVAL,
    hasSampler: settings.OTEL_TRACES_SAMPLER !== undefined,
  };
}
