/** The only reader of settings. Reads them once, at start, and lists every problem. */
import { z } from "zod";
import { suggest } from "./domain/suggest.ts";

/** What a refusal says of a setting. */
interface Setting {
  readonly accepts: string;
  /** What a setting that may be absent means then. */
  readonly otherwise?: string;
  /** How much of a wrong value is shown. People paste secrets into the wrong field, so a GUID's or free text's is not. */
  readonly shows?: "value" | "address";
}

const https: Setting = {
  accepts: "an https address, such as https://account.table.core.windows.net",
  shows: "address",
};
const guid = "a GUID, such as 00000000-0000-4000-8000-000000000001";
const milliseconds = "a whole number of milliseconds, at least 100";
const trace = "an https or http address with {traceId} in it, such as https://traces.example/trace/{traceId}";
const Url = z.url({ protocol: /^https$/ });

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
  MOORING_INSTALLATION_ID: z.guid().toLowerCase().optional().meta({
    description:
      "The ID that marks name, for a registry that was rebuilt; by default, the registry makes one and keeps it.",
  }),
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
  MOORING_INDEX_SECONDS: z.coerce.number().min(0).default(300).meta({
    description:
      "How old a list of a whole cluster, subscription or database may be that tells a verification what else an identity has; with 0, each asks for itself.",
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
    .url({ protocol: /^https?$/ })
    .includes("{traceId}")
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
  OTEL_EXPORTER_OTLP_PROTOCOL: z.enum(["", "http/protobuf"]).optional(),
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

/** What is not here is any text, and never refused. */
const settings: { readonly [Name in keyof Config]?: Setting } = {
  MOORING_ALLOW_ANONYMOUS: { accepts: "true or false", otherwise: "false", shows: "value" },
  MOORING_TABLES_ENDPOINT: https,
  AZURE_CLIENT_ID: { accepts: guid, otherwise: "the system-assigned identity" },
  MOORING_ARM_ENDPOINT: {
    ...https,
    accepts: "an https address, such as https://management.azure.com",
    otherwise: "that one",
  },
  MOORING_ARM_WRITES_PER_SECOND: { accepts: "a number above 0", otherwise: "2", shows: "value" },
  MOORING_CALL_TIMEOUT_MS: { accepts: milliseconds, otherwise: "30000", shows: "value" },
  MOORING_INDEX_SECONDS: { accepts: "a number of seconds, at least 0", otherwise: "300", shows: "value" },
  MOORING_IDEMPOTENCY_ROW_HOURS: { accepts: "a number of hours, at least 25", otherwise: "48", shows: "value" },
  MOORING_HISTORY_DAYS: { accepts: "a number of days, at least 1", otherwise: "30", shows: "value" },
  MOORING_DASHBOARD_CLIENT_ID: { accepts: guid, otherwise: "the first audience in the catalog" },
  MOORING_DASHBOARD_LINKS: {
    accepts: 'a JSON array of objects with name and url, such as [{"name":"Runbook","url":"https://wiki.example/run"}]',
    otherwise: "no links",
  },
  MOORING_TRACE_URL: { accepts: trace, otherwise: "no links to traces", shows: "address" },
  OTEL_EXPORTER_OTLP_PROTOCOL: { accepts: "http/protobuf", otherwise: "http/protobuf", shows: "value" },
  OTEL_METRIC_EXPORT_INTERVAL: { accepts: milliseconds, otherwise: "60000", shows: "value" },
  ServiceBusConnection__fullyQualifiedNamespace: {
    accepts: "a hostname, such as mooring.servicebus.windows.net",
    shows: "address",
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

export function loadConfig(environment: Environment = process.env): Config {
  const parsed = Config.safeParse(environment);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = new Set(parsed.error.issues.map(({ path }) => `  ${problemAt(path, environment)}`));
  throw new Error(`Mooring cannot start because of its settings:\n${[...problems].join("\n")}`);
}

function problemAt([setting, ...inside]: readonly PropertyKey[], environment: Environment): string {
  const name = String(setting) as keyof Config;
  const value = environment[name];
  const { accepts = "a text", otherwise, shows } = settings[name] ?? {};
  if (value === undefined) {
    const meant = suggest(
      name,
      Object.keys(environment).filter((other) => !(other in Config.shape)),
    );
    const what = `${name} is not set${meant === undefined ? "" : `, but ${meant} is`}; it takes ${accepts}.`;
    return `${what} ${meant === undefined ? `Set it: ${Config.shape[name].meta()?.description}` : "Rename it."}`;
  }
  const is = inside.length > 0 ? `is wrong at ${place(inside)}` : `is ${show(value, shows)}`;
  const next = otherwise === undefined ? "Correct it." : `Correct it, or remove it to use ${otherwise}.`;
  return `${name} ${is}; it takes ${accepts}. ${next}`;
}

function place(inside: readonly PropertyKey[]): string {
  return inside.map((part) => (typeof part === "number" ? `entry ${part + 1}` : String(part))).join(", ");
}

function show(value: string, shows: Setting["shows"]): string {
  if (value === "") return "empty";
  if (shows === "value" && /^[\w./+-]{1,20}$/.test(value)) return `"${value}"`;
  const address = shows === "address" ? addressIn(value) : undefined;
  if (address !== undefined) {
    return `"${address}"${value.replace(/\/$/, "") === address ? "" : " (the rest is not shown)"}`;
  }
  return `a text of ${value.length} ${value.length === 1 ? "character" : "characters"}, which is not shown`;
}

/** Protocol, host and port: a user, a path or a query may hold a secret. */
function addressIn(value: string): string | undefined {
  const { protocol, host } = URL.parse(value) ?? { host: "" };
  return host === "" ? undefined : `${protocol}//${host}`;
}
