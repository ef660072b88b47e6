import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../../kube-sim/src/freePort.ts";
import { startHost } from "../src/host.ts";
import { readKeys } from "../src/keyStore.ts";
import { expandSettings } from "../src/settings.ts";
import { createAppFolder, requireApp } from "./support/appFolder.ts";
import { createMemoryLog } from "./support/memoryLog.ts";
import { createDataDirectory, runHost } from "./support/runningHost.ts";

const ok = '{ handler: () => ({ body: "ok" }) }';

test("skips disabled functions and those whose trigger it does not serve, and says so", async () => {
  const { url, functions, lines } = await runHost({
    code: `app.http("on", ${ok}); app.http("off", ${ok});
           app.storageQueue("stored", { queueName: "q", connection: "C", handler() {} });`,
    settings: { "AzureWebJobs.off.Disabled": "true" },
  });

  expect(functions.map(({ name }) => name)).toEqual(["on"]);
  expect((await fetch(`${url}/api/off`)).status).toBe(404);
  expect(lines).toContain("INF Host function is disabled function=off");
  expect(lines.find((line) => line.startsWith("ERR Host this host does not serve the trigger"))).toContain(
    "function=stored trigger=queueTrigger",
  );
});

test("warns about output bindings and about routes that are never reached", async () => {
  const { lines } = await runHost({
    code: `
      app.http("a", { route: "{*rest}", handler: () => ({}), extraOutputs: [{ type: "queue", name: "out" }] });
      app.http("b", { route: "things", handler: () => ({}) });`,
  });

  expect(lines.find((line) => line.includes("output bindings"))).toMatch(/^WRN .*function=a type=queue$/);
  expect(lines.find((line) => line.includes("never reached"))).toMatch(/route=api\/things function=b takenBy=a$/);
});

test("names every missing setting of every function at once, and leaves neither port nor environment behind", async () => {
  const folder = await createAppFolder({
    "package.json": { main: "main.js" },
    "host.json": { version: "2.0" },
    "main.js": `${requireApp}
      app.timer("one", { schedule: "%FIRST%", handler() {} });
      app.serviceBusQueue("two", { connection: "C", queueName: "%SECOND%", handler() {} });`,
  });
  const port = await freePort();
  const options = { folder: folder.path, port, dataDirectory: await createDataDirectory(), log: createMemoryLog().log };

  const failure = startHost({ ...options, settings: { ONLY_HERE: "1" } });

  await expect(failure).rejects.toThrow(/"one" \(schedule.*"FIRST"[\s\S]*"two" \(queueName.*"SECOND"/);
  expect(process.env["ONLY_HERE"]).toBeUndefined();
  const second = await runHost({ code: `app.http("on", ${ok});` });
  await folder.remove();
  expect((await fetch(`${second.url}/api/on`)).status).toBe(200);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test("the app sees its settings and its host name as environment variables, only while the host runs", async () => {
  const host = await runHost({
    code: `app.http("env", { handler: () => ({ jsonBody: [process.env.OWN, process.env.WEBSITE_HOSTNAME] }) });`,
    settings: { OWN: "1" },
  });

  expect(await (await fetch(`${host.url}/api/env`)).json()).toEqual(["1", new URL(host.url).host]);
  await host.close();
  expect([process.env["OWN"], process.env["WEBSITE_HOSTNAME"]]).toEqual([undefined, undefined]);
});

test("keeps its system key, readable only by its user, unless one is configured", async () => {
  const folder = await createDataDirectory();

  const read = (settings = {}) => readKeys(folder, { settings });
  const { system } = await read();

  expect(system).toMatch(/^[\w-]{43}$/);
  expect(await readFile(join(folder, "system.key"), "utf8")).toBe(system);
  expect((await stat(join(folder, "system.key"))).mode & 0o777).toBe(0o600);
  expect((await read()).system).toBe(system);
  expect((await read({ MOORING_SYSTEM_KEY: "given" })).system).toBe("given");
});

test("reports settings of host.json and local.settings.json that have no effect or are unknown", async () => {
  const { lines } = await runHost({
    code: `app.http("on", ${ok});`,
    hostJson: {
      functionTimeout: "00:05:00",
      extensions: { http: { hsts: { isEnabled: true }, routePrefx: "v1" }, durableTask: { storageProvider: {} } },
      extentions: {},
    },
    files: {
      "local.settings.json": { IsEncrypted: false, Host: { LocalHttpPort: 7072, Cors: "*", Port: 1 }, Vlues: {} },
    },
  });

  const settingsOf = (level: string, file: string) =>
    lines.filter((line) => line.startsWith(level) && line.includes(`settings of ${file}`)).map((line) => line.slice(4));
  expect(settingsOf("INF", "host.json")).toEqual([
    'Host settings of host.json that do nothing in this host settings="functionTimeout, extensions.http.hsts, extensions.durableTask.storageProvider"',
  ]);
  expect(settingsOf("WRN", "host.json")).toEqual([
    'Host unknown settings of host.json settings="extensions.http.routePrefx, extentions"',
  ]);
  expect(settingsOf("INF", "local.settings.json")[0]).toContain("Host.LocalHttpPort, Host.CORS");
  expect(settingsOf("WRN", "local.settings.json")[0]).toContain("Host.Port, Vlues");
});

test("reads host.json's names regardless of case, and lets AzureFunctionsJobHost settings override it", async () => {
  const { url, lines } = await runHost({
    code: `app.http("on", ${ok});`,
    hostJson: { Extensions: { HTTP: { RoutePrefix: "file", maxOutstandingRequests: 1 } } },
    settings: {
      AzureFunctionsJobHost__extensions__http__routePrefix: "override",
      "AzureFunctionsJobHost:Extensions:Http:MaxConcurrentRequests": "2",
    },
  });

  expect((await fetch(`${url}/override/on`)).status).toBe(200);
  expect(lines.filter((line) => line.includes("unknown settings"))).toEqual([]);
});

test.each([
  [{ "host.json": "{" }, /host\.json is not valid JSON/],
  [{ "host.json": { version: "2.0", functions: ["on"] } }, /functions: this host runs all functions; leave one out/],
  [{ "host.json": { version: "1.0" } }, /host\.json cannot be used: version: must be "2\.0"/],
  [
    { "host.json": { version: "2.0", extensions: { http: { maxConcurrentRequests: 0, routePrefix: 7 } } } },
    /extensions\.http\.routePrefix: .*; extensions\.http\.maxConcurrentRequests: /,
  ],
  [
    { "host.json": { version: "2.0", extensions: { serviceBus: { maxAutoLockRenewalDuration: "soon" } } } },
    /maxAutoLockRenewalDuration: "soon" is not a time span; write it as hh:mm:ss/,
  ],
  [
    { "host.json": { version: "2.0", concurrency: { dynamicConcurrencyEnabled: "often" } } },
    /concurrency\.dynamicConcurrencyEnabled: .*boolean/,
  ],
  [{ "local.settings.json": { IsEncrypted: true } }, /encrypted settings cannot be read; run `func settings decrypt`/],
  [{ "local.settings.json": { Values: { A: { b: 1 } } } }, /local\.settings\.json cannot be used: Values\.A: /],
  [
    { "local.settings.json": { Values: { FUNCTIONS_WORKER_RUNTIME: "dotnet-isolated" } } },
    /sets FUNCTIONS_WORKER_RUNTIME to "dotnet-isolated"; this host runs apps for Node only/,
  ],
])("says what is wrong in %j", async (files, reason) => {
  await expect(runHost({ code: "", files })).rejects.toThrow(reason);
});

test.each(["MOORING_FUNCTION_KEY", "MOORING_MASTER_KEY", "MOORING_RETENTION"])("refuses %s", async (name) => {
  await expect(runHost({ code: "", settings: { [name]: "x" } })).rejects.toThrow(
    `This host does not serve ${name}; leave it out, or start the app with Azure Functions Core Tools`,
  );
});

test("resolves binding expressions from the settings", () => {
  const settings = { A: "1", "B:C": "2", D__E: "3", EMPTY: "" };
  const expand = (text: string) => expandSettings(text, { settings, where: "here" });

  expect(expand("x%A%y%B:C%%D:E%")).toBe("x1y23");
  expect(expand("100%% %EMPTY%")).toBe("100% ");
  expect(() => expand("%NO%")).toThrow('here asks for the setting "NO", which does not exist');
});

test.each([
  ["never ends", "() => new Promise(() => {})", "WRN Host an appTerminate hook did not end in time graceMs=50"],
  [
    "throws",
    '() => { throw new Error("no good-bye"); }',
    'ERR Host an appTerminate hook failed error="Error: no good-bye"',
  ],
])("closes although an appTerminate hook %s, restores the environment, and says so", async (_, hook, line) => {
  const host = await runHost({ code: `app.hook.appTerminate(${hook});`, settings: { ONLY_UNTIL_CLOSED: "1" } });

  await host.close({ graceMs: 50 });

  expect(host.lines.find((each) => each.includes("appTerminate"))).toContain(line);
  expect(process.env["ONLY_UNTIL_CLOSED"]).toBeUndefined();
});

test("gives an appTerminate hook a grace period of its own, after that of the functions", async () => {
  const host = await runHost({
    code: `
      app.http("endless", { handler: () => new Promise(() => { globalThis.isAskedForTest = true; }) });
      app.hook.appTerminate(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        globalThis.saidGoodByeForTest = true;
      });`,
  });
  fetch(`${host.url}/api/endless`).catch(() => {});
  await expect.poll(() => Reflect.get(globalThis, "isAskedForTest")).toBe(true);

  await host.close({ graceMs: 300 });

  expect(Reflect.get(globalThis, "saidGoodByeForTest")).toBe(true);
});
