/** With telemetry off, the OpenTelemetry SDK is not loaded: the app starts without the file that contains it. */
import { cp, mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../sandbox/build.ts";
import { type Cloud, startCloud } from "../../sandbox/cloud.ts";
import type { HostProcess } from "../../sandbox/hostChild.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";

const root = join(import.meta.dirname, "../..");
let cloud: Cloud;
/** A package without dist/telemetry.cjs. */
let app: string;

beforeAll(async () => {
  app = await realpath(await mkdtemp(join(tmpdir(), "mooring-app-")));
  await mkdir(join(app, "dist"));
  [cloud] = await Promise.all([startCloud(), ensureBuilt()]);
  for (const file of ["dist/main.cjs", "host.json", "package.json", "mooring.yaml"]) {
    await cp(join(root, file), join(app, file));
  }
});
afterAll(async () => {
  await cloud?.close();
  await rm(app, { recursive: true, force: true });
});

function start(settings: Readonly<Record<string, string>>): Promise<HostProcess> {
  return startHostProcess({
    app,
    port: 0,
    data: join(app, "data"),
    // The checkout's catalog distinguishes callers.
    settings: { ...cloud.settings, MOORING_ALLOW_ANONYMOUS: "false", ...settings },
  });
}

it("starts and answers without the SDK when telemetry is off", async () => {
  const host = await start({});

  const { status } = await fetch(`${host.url}/api/health/live`);
  await host.kill();

  expect(status).toBe(200);
});

it("needs the SDK when telemetry is on", async () => {
  await expect(start({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })).rejects.toThrow("telemetry.cjs");
});

it("has none of the SDK in the bundle that is always loaded", async () => {
  const marks = ["BatchSpanProcessor", "PeriodicExportingMetricReader", "AzureMonitorTraceExporter"];
  const [main, telemetry] = await Promise.all(
    ["main", "telemetry"].map((name) => readFile(join(root, `dist/${name}.cjs`), "utf8")),
  );

  expect(marks.filter((mark) => main?.includes(mark))).toEqual([]);
  expect(marks.filter((mark) => !telemetry?.includes(mark))).toEqual([]);
});
