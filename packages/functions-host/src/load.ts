/** Loads an app folder as the Node worker of Azure Functions does: `main` of package.json, a glob, decides what runs. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import type { Binding, FunctionApp, RegisteredFunction } from "./app.ts";
import { ConfigurationError } from "./configurationError.ts";
import { beginApp, CoreError, programmingModel, type Registration, type Registrations } from "./core.ts";
import { startGrace } from "./grace.ts";
import { keepOnLoopback } from "./http/streamListener.ts";
import { createHookContext, type Invocable, invoke, runHooks } from "./invoke.ts";
import type { Log } from "./log.ts";
import { messageOf } from "./messageOf.ts";
import { describeError, report } from "./report.ts";

export interface LoadedApp extends FunctionApp {
  /** What the app's SDK asked of the host; `HttpUri` is set when it streams HTTP. */
  readonly capabilities: Readonly<Record<string, unknown>>;
}

// As in the worker, a field of an unexpected type is ignored.
const packageSchema = v.looseObject({
  main: v.fallback(v.optional(v.string()), undefined),
  type: v.fallback(v.optional(v.string()), undefined),
});
type PackageJson = v.InferOutput<typeof packageSchema>;

export async function loadApp(folder: string, { log }: { log: Log }): Promise<LoadedApp> {
  const app = beginApp(log);
  const packageJson = await readPackageJson(folder, app);
  await loadEntryPoints(folder, { packageJson, log });
  const hookContext = createHookContext(
    { hookData: app.appLevelHookData, appHookData: app.appHookData },
    { functionAppDirectory: folder },
  );
  await runHooks(app.hooks.appStart, hookContext);
  const { result: capabilities, close: closeStream } = await keepOnLoopback(
    async () => (await programmingModel()?.getCapabilities?.({ RawHttpBodyBytes: "true" })) ?? {},
  );
  app.locked = true;
  return createFunctionApp(app, { capabilities, closeStream, log });
}

async function readPackageJson(folder: string, app: Registrations): Promise<PackageJson> {
  const path = join(folder, "package.json");
  try {
    if (!existsSync(path)) throw new Error("file does not exist");
    return v.parse(packageSchema, JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    app.log.warn("Worker failed to load package.json", { path, error: messageOf(error) });
    return {};
  }
}

async function loadEntryPoints(folder: string, { packageJson, log }: { packageJson: PackageJson; log: Log }) {
  const pattern = packageJson.main;
  if (pattern === undefined || pattern === "") return;
  let current = pattern;
  try {
    const files: string[] = [];
    for await (const file of glob(pattern.replace(/^\.\//, ""), { cwd: folder })) files.push(file);
    files.sort();
    if (files.length === 0) {
      throw new Error(
        /[*?{}[\]!]/.test(pattern) ? "Found zero files matching the supplied pattern" : "File does not exist",
      );
    }
    for (const file of files) {
      current = file;
      log.debug("Loading entry point file", { file });
      await loadScript(join(folder, file), packageJson);
    }
  } catch (error) {
    // On Node 20 and later an entry point that fails always stops the app.
    throw new CoreError(`Worker was unable to load entry point "${current}": ${messageOf(error)}`, { cause: error });
  }
}

async function loadScript(path: string, packageJson: PackageJson): Promise<void> {
  const isModule = path.endsWith(".mjs") || (!path.endsWith(".cjs") && packageJson.type === "module");
  if (isModule) await import(pathToFileURL(path).href);
  else createRequire(path)(path);
}

interface LoadedFunction extends Invocable {
  /** The durable extension reports the failures of these itself. */
  readonly isDurable: boolean;
}

function createFunctionApp(
  app: Registrations,
  parts: { capabilities: Readonly<Record<string, unknown>>; closeStream: () => void; log: Log },
): LoadedApp {
  const functions = new Map<string, RegisteredFunction>();
  const loaded = new Map<string, LoadedFunction>();
  for (const [functionId, registration] of app.functions) {
    const definition = describe(functionId, registration);
    // What is not retried must not look as if it were.
    if (registration.metadata.retryOptions) {
      throw new ConfigurationError(
        `Function "${definition.name}" has a retry policy, which this host does not serve; start the app with Azure Functions Core Tools`,
      );
    }
    functions.set(definition.name, definition);
    const system = parts.log.category(`Function.${definition.name}`);
    loaded.set(definition.name, {
      definition,
      registration,
      logs: { user: parts.log.category(`Function.${definition.name}.User`), system },
      isDurable: /^(orchestration|activity)trigger$/i.test(definition.trigger.type),
    });
  }
  return {
    functions,
    capabilities: parts.capabilities,
    invoke(name, input) {
      const called = loaded.get(name);
      if (called === undefined)
        return Promise.reject(new CoreError(`Function code for '${name}' is not loaded and cannot be invoked.`));
      const { isDurable, logs } = called;
      const invocationId = input.invocationId ?? randomUUID();
      const invocation = invoke(app, called, { ...input, invocationId });
      return report({ isDurable, invocationId, instanceId: input.instanceId, log: logs.system }, invocation);
    },
    async close(graceMs) {
      const context = createHookContext({ hookData: app.appLevelHookData, appHookData: app.appHookData }, {});
      const hooks = runHooks(app.hooks.appTerminate, context).catch((error: unknown) =>
        parts.log.error("an appTerminate hook failed", describeError(error)),
      );
      const grace = startGrace(graceMs);
      if (!(await grace.waitFor(hooks))) parts.log.warn("an appTerminate hook did not end in time", { graceMs });
      grace.end();
      parts.closeStream();
    },
  };
}

function describe(functionId: string, { metadata }: Registration): RegisteredFunction {
  const bindings = Object.entries(metadata.bindings).map(
    ([name, binding]): Binding => ({
      ...binding,
      type: String(binding["type"]),
      direction: toDirection(binding["direction"]),
      name,
    }),
  );
  const trigger = bindings.find(({ type }) => /trigger$/i.test(type));
  if (trigger === undefined) throw new CoreError(`Function "${metadata.name}" has no trigger binding.`);
  return { name: metadata.name, functionId, trigger, bindings };
}

function toDirection(value: unknown): Binding["direction"] {
  return value === "out" || value === "inout" ? value : "in";
}
