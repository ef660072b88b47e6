/** The only reader of the environment. Reads it once, at start, and lists every problem. */
import { z } from "zod";

const Url = z.url({ protocol: /^https$/, error: "must be an https URL" });

/** JSON in a setting, since a setting is text. */
const Links = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue("must be JSON");
      return z.NEVER;
    }
  })
  .pipe(z.array(z.strictObject({ name: z.string().min(1), url: z.url({ protocol: /^https?$/ }) })));

/** An empty value counts as unset (OpenTelemetry, "Environment Variable Specification"). */
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === "" ? undefined : text));

const Config = z.object({
  MOORING_CATALOG: z.string().default("mooring.yaml").meta({
    description: "Path of the catalog; relative to the function app's folder.",
  }),
  MOORING_ALLOW_ANONYMOUS: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true")
    .meta({ description: "Lets the service start with a catalog that has no auth: everybody may do everything." }),
  MOORING_TABLES_ENDPOINT: Url.meta({ description: "Table service of the registry's storage account." }),
  AZURE_CLIENT_ID: z.guid().optional().meta({
    description: "Client id of Mooring's own user-assigned identity; without it, the system-assigned one.",
  }),
  MOORING_ARM_ENDPOINT: Url.default("https://management.azure.com").meta({
    description: "Azure Resource Manager; another in sovereign clouds.",
  }),
  MOORING_ARM_SCOPE: z.string().default("https://management.azure.com/.default"),
  MOORING_ARM_WRITES_PER_SECOND: z.coerce.number().positive().default(2).meta({
    description: "Identity writes per second, of all instances together: Azure allows 2 per subscription.",
  }),
  MOORING_CALL_TIMEOUT_MS: z.coerce.number().int().min(100).default(30_000).meta({
    description:
      "How long one call to Azure, to a database, to a cluster or to the tables may take before it is made again.",
  }),
  // At least an hour longer than a key is promised to work (domain/http/idempotency.ts), because clocks differ.
  MOORING_IDEMPOTENCY_ROW_HOURS: z.coerce.number().min(25).default(48).meta({
    description: "After how many hours the row of an idempotency key is removed; the key is good for 24.",
  }),
  // At least a day: an operation that ended without an outcome is resumed within minutes, based on its instance.
  MOORING_HISTORY_DAYS: z.coerce.number().min(1).default(30).meta({
    description: "After how many days the durable runtime forgets an operation that has ended; the registry does not.",
  }),
  MOORING_SQL_SCOPE: z.string().default("https://database.windows.net/.default"),
  MOORING_KUBERNETES_SCOPE: z.string().default("6dae42f8-4368-4678-94ff-3960e28e3630/.default").meta({
    description: "The AKS server application, the same in every tenant.",
  }),
  MOORING_DASHBOARD_CLIENT_ID: z.guid().optional().meta({
    description: "Client ID for signing in to the dashboard; by default, the first audience in the catalog.",
  }),
  MOORING_DASHBOARD_LINKS: Links.default([]).meta({
    description: "More links for the dashboard: a JSON array of objects with name and url.",
  }),
  MOORING_TRACE_URL: z
    .url({ protocol: /^https?$/, error: "must be an address with {traceId} in it" })
    .includes("{traceId}", { error: "must be an address with {traceId} in it" })
    .optional()
    .meta({
      description: "Address of your trace viewer, with {traceId} in it; the status of an operation links to it.",
    }),
  // The OpenTelemetry variables that decide whether and how to export; its packages read the others (docs/telemetry.md).
  OTEL_SDK_DISABLED: z
    .string()
    .optional()
    .transform((text) => text?.toLowerCase() === "true"),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalText,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optionalText,
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: optionalText,
  // Refused rather than ignored: someone who sets another protocol expects another receiver.
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(["", "http/protobuf"], { error: "must be http/protobuf, which is also the default" })
    .optional(),
  OTEL_METRIC_EXPORT_INTERVAL: z.coerce.number().int().min(100).default(60_000),
  OTEL_TRACES_SAMPLER: optionalText,
  APPLICATIONINSIGHTS_CONNECTION_STRING: optionalText,
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: optionalText,
  ServiceBusConnection__fullyQualifiedNamespace: z.hostname().meta({
    description: "Service Bus namespace; the trigger's connection has the same name.",
  }),
  ServiceBusConnection__customEndpointAddress: z.string().optional().meta({
    description: "Where the namespace is really reached, behind a proxy or private endpoint: sb://host:port.",
  }),
});
export type Config = z.infer<typeof Config>;

export function loadConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const parsed = Config.safeParse(environment);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map(({ path, message, code }) => {
    const name = path.join(".");
    return `  ${name}: ${environment[name] === undefined && code === "invalid_type" ? "is not set" : message}`;
  });
  throw new Error(`Mooring cannot start because of its settings:\n${problems.join("\n")}`);
}
