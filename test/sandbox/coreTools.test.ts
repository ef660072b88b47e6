/** The sandbox's way to start the real Functions host, tested with a `func` that starts the embedded one. */
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAppFolder, requireApp } from "../../packages/functions-host/test/support/appFolder.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";

const before = { PATH: process.env["PATH"], MOORING_TEST_HOST: process.env["MOORING_TEST_HOST"] };
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-func-"));
  process.env["MOORING_TEST_HOST"] = "func";
});

afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true });
});

const stub = `#!/bin/sh
test "$1 $2" = "start --port" || exit 64
exec "${process.execPath}" "${resolve("packages/functions-host/src/main.ts")}" --app . --data "${"$"}MOORING_STUB_DATA" --port "$3"
`;

test("runs `func start` in the app's folder with its settings, and stops the whole process group", async () => {
  await writeFile(join(folder, "func"), stub);
  await chmod(join(folder, "func"), 0o755);
  process.env["PATH"] = `${folder}:${before.PATH}`;
  const app = await createAppFolder({
    "package.json": { main: "main.js" },
    "host.json": { version: "2.0" },
    "main.js": `${requireApp}
      app.get("live", { route: "health/live", handler: () => ({}) });
      app.get("env", () => ({ jsonBody: [process.env.OWN, process.env.AzureFunctionsJobHost__fileWatchingEnabled] }));`,
  });

  const host = await startHostProcess({
    app: app.path,
    port: 0,
    data: join(folder, "data"),
    settings: { OWN: "1", MOORING_STUB_DATA: join(folder, "of the stub") },
  });

  expect(await (await fetch(`${host.url}/api/env`)).json()).toEqual(["1", "false"]);
  // The real host keeps its data elsewhere; what reads the folder finds it empty.
  expect(await readdir(join(folder, "data"))).toEqual([]);
  expect(() => host.hasTurnFaults(true)).toThrow("Only the embedded host");
  await host.close();
  await host.ended;
  await expect(fetch(`${host.url}/api/env`)).rejects.toThrow();
  await app.remove();
});

test("believes the app, not the host, that it is ready", async () => {
  // A host in the state Error answers its ping; its functions do not.
  const text = `#!/usr/bin/env node
    let asked = 0;
    require("node:http").createServer((request, response) => {
      if (request.url === "/api/health/live") response.statusCode = ++asked < 4 ? 503 : 200;
      response.end(String(asked));
    }).listen(Number(process.argv[4]), "127.0.0.1");`;
  await writeFile(join(folder, "func"), text);
  await chmod(join(folder, "func"), 0o755);
  process.env["PATH"] = `${folder}:${before.PATH}`;

  const host = await startHostProcess({ app: folder, port: 0, data: folder, settings: {} });

  expect(await (await fetch(`${host.url}/asked`)).text()).toBe("4");
  await host.close();
});

test("says what to do when func is not installed", async () => {
  process.env["PATH"] = folder;

  const starting = startHostProcess({ app: folder, port: 0, data: folder, settings: {} });

  await expect(starting).rejects.toThrow("Install Azure Functions Core Tools, or unset it.");
});
