import { expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { destinationsOf } from "../../src/telemetry/destinations.ts";

const credential = { getToken: async () => null };
const needed = {
  MOORING_TABLES_ENDPOINT: "https://a.table.core.windows.net",
  ServiceBusConnection__fullyQualifiedNamespace: "a.servicebus.windows.net",
};
const read = (settings: Readonly<Record<string, string>>) =>
  destinationsOf(loadConfig({ ...needed, ...settings }), credential);

it.each([
  { name: "nothing is set", settings: {} },
  {
    name: "what is set is empty",
    settings: { OTEL_EXPORTER_OTLP_ENDPOINT: "", APPLICATIONINSIGHTS_CONNECTION_STRING: "" },
  },
  {
    name: "it is disabled",
    settings: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318", OTEL_SDK_DISABLED: "True" },
  },
])("is off where $name", ({ settings }) => {
  expect(read(settings)).toBeUndefined();
});

it("sends everything that has an endpoint", () => {
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" })).toEqual({
    otlp: { traces: true, metrics: true },
    applicationInsights: undefined,
    metricIntervalMs: 60_000,
    hasSampler: false,
  });
  expect(read({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://localhost:4318/v1/metrics" })?.otlp).toMatchObject({
    traces: false,
    metrics: true,
  });
});

it("sends a token to Application Insights where the host does", () => {
  const APPLICATIONINSIGHTS_CONNECTION_STRING = "InstrumentationKey=1";
  const APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=2;Authorization=AAD";

  const open = read({ APPLICATIONINSIGHTS_CONNECTION_STRING });
  const entra = read({ APPLICATIONINSIGHTS_CONNECTION_STRING, APPLICATIONINSIGHTS_AUTHENTICATION_STRING });

  expect(open?.applicationInsights).toEqual({ connectionString: "InstrumentationKey=1" });
  expect(entra?.applicationInsights).toEqual({ connectionString: "InstrumentationKey=1", credential });
});

it.each(["grpc", "http/json"])("refuses %s, which is not supported, and names what is", (protocol) => {
  expect(() => read({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol })).toThrow(
    `OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}"; it takes http/protobuf.`,
  );
});
