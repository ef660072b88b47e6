import { expect, it } from "vitest";
import { loadConfig } from "../src/config.ts";

const complete = {
  MOORING_TABLES_ENDPOINT: "https://mooring.table.core.windows.net",
  ServiceBusConnection__fullyQualifiedNamespace: "mooring.servicebus.windows.net",
};

function refusalOf(settings: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig({ ...complete, ...settings });
  } catch (error) {
    const [first, ...lines] = String(error instanceof Error ? error.message : error).split("\n");
    expect(first).toBe("Mooring cannot start because of its settings:");
    return lines.map((line) => line.trim());
  }
  throw new Error("it was accepted");
}

const links =
  'a JSON array of objects with name and url, such as [{"name":"Runbook","url":"https://wiki.example/run"}]';
const correct = (byDefault?: string) =>
  `Correct it${byDefault === undefined ? "." : `, or remove it to use ${byDefault}.`}`;
const guid = "a GUID, such as 00000000-0000-4000-8000-000000000001";
const trace = "an https or http address with {traceId} in it, such as https://traces.example/trace/{traceId}";

it.each([
  [
    "MOORING_TABLES_ENDPOINT",
    "http://tables.internal:10002/devstoreaccount1?sig=secret",
    'is "http://tables.internal:10002" (the rest is not shown); it takes an https address, such as https://account.table.core.windows.net.',
    correct(),
  ],
  [
    "MOORING_TABLES_ENDPOINT",
    "DefaultEndpointsProtocol=https;AccountKey=secret",
    "is a text of 48 characters, which is not shown; it takes an https address, such as https://account.table.core.windows.net.",
    correct(),
  ],
  [
    "MOORING_TABLES_ENDPOINT",
    "",
    "is empty; it takes an https address, such as https://account.table.core.windows.net.",
    correct(),
  ],
  ["MOORING_ALLOW_ANONYMOUS", "yes", 'is "yes"; it takes true or false.', correct("false")],
  [
    "AZURE_CLIENT_ID",
    "secret8Q~x",
    `is a text of 10 characters, which is not shown; it takes ${guid}.`,
    correct("the system-assigned identity"),
  ],
  [
    "MOORING_CALL_TIMEOUT_MS",
    "soon",
    'is "soon"; it takes a whole number of milliseconds, at least 100.',
    correct("30000"),
  ],
  [
    "MOORING_CALL_TIMEOUT_MS",
    "1.5",
    'is "1.5"; it takes a whole number of milliseconds, at least 100.',
    correct("30000"),
  ],
  ["MOORING_ARM_WRITES_PER_SECOND", "0", 'is "0"; it takes a number above 0.', correct("2")],
  ["MOORING_IDEMPOTENCY_ROW_HOURS", "24", 'is "24"; it takes a number of hours, at least 25.', correct("48")],
  ["MOORING_HISTORY_DAYS", "0.5", 'is "0.5"; it takes a number of days, at least 1.', correct("30")],
  [
    "MOORING_DASHBOARD_CLIENT_ID",
    "x",
    `is a text of 1 character, which is not shown; it takes ${guid}.`,
    correct("the first audience in the catalog"),
  ],
  [
    "MOORING_DASHBOARD_LINKS",
    "[",
    `is a text of 1 character, which is not shown; it takes ${links}.`,
    correct("no links"),
  ],
  [
    "MOORING_DASHBOARD_LINKS",
    '[{"name":"a","url":"ftp://x"}]',
    `is wrong at entry 1, url; it takes ${links}.`,
    correct("no links"),
  ],
  [
    "MOORING_TRACE_URL",
    "https://user:secret@traces.example/t",
    `is "https://traces.example" (the rest is not shown); it takes ${trace}.`,
    correct("no links to traces"),
  ],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 'is "grpc"; it takes http/protobuf.', correct("http/protobuf")],
  [
    "OTEL_METRIC_EXPORT_INTERVAL",
    "1",
    'is "1"; it takes a whole number of milliseconds, at least 100.',
    correct("60000"),
  ],
  [
    "ServiceBusConnection__fullyQualifiedNamespace",
    "Endpoint=sb://mooring.servicebus.windows.net/;SharedAccessKey=secret",
    "is a text of 68 characters, which is not shown; it takes a hostname, such as mooring.servicebus.windows.net.",
    correct(),
  ],
  [
    "ServiceBusConnection__fullyQualifiedNamespace",
    "sb://mooring.servicebus.windows.net/",
    'is "sb://mooring.servicebus.windows.net"; it takes a hostname, such as mooring.servicebus.windows.net.',
    correct(),
  ],
])("%s=%s is refused with what it takes and what to do", (name, value, problem, next) => {
  const lines = refusalOf({ [name]: value });

  expect(lines).toEqual([`${name} ${problem} ${next}`]);
  expect(lines.join()).not.toContain("secret");
});

it("says what is not set, and how to set it", () => {
  expect(() => loadConfig({})).toThrow(
    `Mooring cannot start because of its settings:
  MOORING_TABLES_ENDPOINT is not set; it takes an https address, such as https://account.table.core.windows.net. Set it: Table service of the registry's storage account.
  ServiceBusConnection__fullyQualifiedNamespace is not set; it takes a hostname, such as mooring.servicebus.windows.net. Set it: Service Bus namespace; the trigger's connection has the same name.`,
  );
});

it("names the setting that was probably meant", () => {
  const { MOORING_TABLES_ENDPOINT: endpoint, ...others } = complete;

  expect(() => loadConfig({ ...others, MOORING_TABLE_ENDPOINT: endpoint })).toThrow(
    "MOORING_TABLES_ENDPOINT is not set, but MOORING_TABLE_ENDPOINT is; it takes an https address, such as https://account.table.core.windows.net. Rename it.",
  );
});

it("accepts what each of them takes", () => {
  expect(loadConfig({ ...complete, MOORING_CALL_TIMEOUT_MS: "100", OTEL_EXPORTER_OTLP_PROTOCOL: "" })).toMatchObject({
    MOORING_CALL_TIMEOUT_MS: 100,
    MOORING_ALLOW_ANONYMOUS: false,
    MOORING_DASHBOARD_LINKS: [],
  });
});
