import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startHost } from "../../../local/host/host.ts";
import { readKeys } from "../../../local/host/keyStore.ts";
import { expandSettings } from "../../../local/host/settings.ts";
import { createAppFolder, requireApp } from "./support/appFolder.ts";
import { createMemoryLog } from "./support/memoryLog.ts";
import { createDataDirectory, runHost } from "./support/runningHost.ts";

const ok = '{ handler: () => ({ body: "ok" }) }';

test("leaves out disabled functions and those whose trigger it does not serve, and says so", async () => {
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

test("warns of output bindings and of routes that are never reached", async () => {
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

test("the app sees its settings and its host's name as environment, and only while the host runs", async () => {
  const host = await runHost({
    code: `app.http("env", { handler: () => ({ jsonBody: [process.env.OWN, process.env.WEBSITE_HOSTNAME] }) });`,
    settings: { OWN: "1" },
  });

  expect(await (await fetch(`${host.url}/api/env`)).json()).toEqual(["1", new URL(host.url).host]);
  await host.close();
  expect([process.env["OWN"], process.env["WEBSITE_HOSTNAME"]]).toEqual([undefined, undefined]);
});

test("keeps its system key, readable for its user only, unless one is configured", async () => {
  const folder = await createDataDirectory();

  const read = (settings = {}) => readKeys(folder, { settings, enforced: false, log: createMemoryLog().log });
  const { system } = await read();

  expect(system).toMatch(/^[\w-]{43}$/);
  expect(await readFile(join(folder, "system.key"), "utf8")).toBe(system);
  expect((await stat(join(folder, "system.key"))).mode & 0o777).toBe(0o600);
  expect((await read()).system).toBe(system);
  expect((await read({ MOORING_SYSTEM_KEY: "given" })).system).toBe("given");
});

test("fills binding expressions in from the settings", () => {
  const settings = { A: "1", "B:C": "2", D__E: "3", EMPTY: "" };
  const expand = (text: string) => expandSettings(text, { settings, where: "here" });

  expect(expand("x%A%y%B:C%%D:E%")).toBe("x1y23");
  expect(expand("100%% %EMPTY%")).toBe("100% ");
  expect(() => expand("%NO%")).toThrow('here asks for the setting "NO", which does not exist');
});

test("passes the app's logs through its log hooks", async () => {
  const { url, lines } = await runHost({
    code: `
      app.hook.log((context) => { context.message = context.message.replace("secret", "***"); context.level = "warning"; });
      app.http("talk", { handler: (_, context) => { context.log("a secret"); return { body: "ok" }; } });`,
  });

  await fetch(`${url}/api/talk`);

  expect(lines.find((line) => line.includes("Function.talk.User"))).toMatch(/^WRN Function.talk.User a \*\*\* /);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
