import { afterEach, expect, test } from "vitest";
import { loadApp } from "../src/load.ts";
import { type AppFolder, createAppFolder, requireApp } from "./support/appFolder.ts";
import { createMemoryLog } from "./support/memoryLog.ts";

const folders: AppFolder[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove();
});

async function load(files: Record<string, string | object>) {
  const folder = await createAppFolder(files);
  folders.push(folder);
  const { log, lines } = createMemoryLog();
  const app = await loadApp(folder.path, { log });
  return { app, lines };
}

const echo = `app.generic("echo", { trigger: { type: "activity" }, handler: (input) => ({ got: input }) });\n`;

test("loads a CommonJS app, and passes its function's input and result by identity", async () => {
  const { app } = await load({ "package.json": { main: "main.js" }, "main.js": requireApp + echo });

  const done = await app.invoke("echo", { trigger: { string: '{"a":1}' } });

  expect(app.functions.get("echo")?.trigger).toMatchObject({ type: "activityTrigger", direction: "in" });
  expect(done.result).toEqual({ got: { a: 1 } });
  expect(done.returnValue).toEqual({ json: '{"got":{"a":1}}' });
});

test("loads an ES module app, .mjs next to .cjs, in order of the names", async () => {
  const { app } = await load({
    "package.json": { main: "dist/*.{mjs,cjs}" },
    "dist/b.cjs": requireApp + echo.replace("echo", "second"),
    "dist/a.mjs": `import { app } from "@azure/functions";\n${echo.replace("echo", "first")}`,
  });

  expect([...app.functions.keys()]).toEqual(["first", "second"]);
  expect((await app.invoke("first", { trigger: { int: 4 } })).result).toEqual({ got: 4 });
});

test("treats .js as an ES module when package.json says type module", async () => {
  const { app } = await load({
    "package.json": { type: "module", main: "main.js" },
    "main.js": `import { app } from "@azure/functions";\n${echo}`,
  });

  expect(app.functions.has("echo")).toBe(true);
});

test("names the pattern when main matches no file", async () => {
  await expect(load({ "package.json": { main: "dist/*.js" } })).rejects.toThrow(
    'Worker was unable to load entry point "dist/*.js": Found zero files matching the supplied pattern',
  );
  await expect(load({ "package.json": { main: "dist/main.js" } })).rejects.toThrow("File does not exist");
});

test("names the file that fails to load, with its cause", async () => {
  const failure = load({ "package.json": { main: "main.js" }, "main.js": "throw new Error('no database');" });

  await expect(failure).rejects.toThrow('Worker was unable to load entry point "main.js": no database');
});

test("refuses two functions with one id", async () => {
  const failure = load({ "package.json": { main: "main.js" }, "main.js": requireApp + echo + echo });

  await expect(failure).rejects.toThrow('A function with id "echo" has already been registered.');
});

test("refuses a function registered after the app has started", async () => {
  const { app } = await load({
    "package.json": { main: "main.js" },
    "main.js": `${requireApp}app.generic("late", {
      trigger: { type: "activity" },
      handler: () => app.generic("more", { trigger: { type: "activity" }, handler: () => 1 }),
    });`,
  });

  await expect(app.invoke("late", { trigger: { int: 1 } })).rejects.toThrow("only be registered during app startup");
});

test("warns and has no functions when package.json is missing", async () => {
  const { app, lines } = await load({});

  expect(app.functions.size).toBe(0);
  expect(lines).toEqual([expect.stringContaining("WRN Host Worker failed to load package.json")]);
});

test("runs hooks before the handler, which may replace inputs and handler", async () => {
  const { app } = await load({
    "package.json": { main: "main.js" },
    "main.js": `${requireApp}
      app.hook.appStart((context) => { context.hookData.started = true; });
      app.hook.preInvocation((context) => {
        context.inputs[0] = context.inputs[0] + 1;
        const handler = context.functionHandler;
        context.functionHandler = async (...args) => 10 * (await handler(...args));
      });
      app.generic("same", { trigger: { type: "activity" }, handler: (input) => input });`,
  });

  expect((await app.invoke("same", { trigger: { int: 4 } })).result).toBe(50);
});

test("rejects with what the handler threw", async () => {
  const failing = `app.generic("fail", { trigger: { type: "activity" }, handler: () => { throw new Error("no"); } });`;
  const { app } = await load({ "package.json": { main: "a.js" }, "a.js": requireApp + failing });
  await expect(app.invoke("fail", { trigger: { int: 1 } })).rejects.toThrow(new Error("no"));
});

test("writes the app's logs with level, function and invocation, also from a hook", async () => {
  const { app, lines } = await load({
    "package.json": { main: "main.js" },
    "main.js": `${requireApp}
      app.hook.preInvocation((c) => c.invocationContext.log("before"));
      app.generic("talk", { trigger: { type: "activity" }, handler: (_, context) => context.warn("two\\nlines") });`,
  });

  await app.invoke("talk", { trigger: { int: 1 }, invocationId: "i-1" });

  expect(lines).toEqual([
    "DBG Host Loading entry point file file=main.js",
    "INF Function.talk.User before invocationId=i-1",
    "WRN Function.talk.User two\\nlines invocationId=i-1",
    expect.stringContaining("DBG Function.talk executed invocationId=i-1"),
  ]);
});

test("gives the handler its input bindings, trigger metadata and a trace that continues the caller's", async () => {
  const { app } = await load({
    "package.json": { main: "main.js" },
    "main.js": `${requireApp}
      const client = { type: "durableClient", name: "client" };
      app.generic("look", {
        trigger: { type: "activity" },
        extraInputs: [client],
        handler: (_, c) => [c.extraInputs.get(client), c.triggerMetadata, c.traceContext.traceParent],
      });`,
  });

  const { result } = await app.invoke("look", {
    trigger: { int: 1 },
    inputs: { client: { string: '{"hub":"h"}' } },
    triggerMetadata: { DeliveryCount: { int: 3 } },
    traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  });

  expect(result).toEqual([
    { hub: "h" },
    { deliveryCount: 3 },
    expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/),
  ]);
});

test("runs termination hooks when the app closes", async () => {
  const { app } = await load({
    "package.json": { main: "main.js" },
    "main.js": `${requireApp}app.hook.appTerminate(() => { globalThis.endedForTest = true; });${echo}`,
  });

  await app.close(1_000);

  expect(Reflect.get(globalThis, "endedForTest")).toBe(true);
});

test.each([
  [
    "a retry policy",
    `app.timer("t", { schedule: "0 0 0 * * *", retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 0 }, handler() {} });`,
    'Function "t" has a retry policy, which this host does not serve',
  ],
  ["a hook", "app.hook.postInvocation(() => {});", 'This host does not serve the hook "postInvocation"'],
  ["a log hook", "app.hook.log(() => {});", 'This host does not serve the hook "log"'],
])("refuses an app with %s that it does not serve", async (_, code, reason) => {
  const failure = load({ "package.json": { main: "main.js" }, "main.js": requireApp + code });

  await expect(failure).rejects.toThrow(`${reason}; start the app with Azure Functions Core Tools`);
});
