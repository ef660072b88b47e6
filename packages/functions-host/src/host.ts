/** Starts a function app: HTTP first, because the app's links need the port, then the app, then what triggers it. */
import { mkdir } from "node:fs/promises";
import type { DurableExtension, InvocationInput, InvocationResult, RegisteredFunction } from "./app.ts";
import { ConfigurationError } from "./configurationError.ts";
import { durableInputs } from "./durableInputs.ts";
import { startGrace } from "./grace.ts";
import { type HostJson, readHostJson, toLevelFilter } from "./hostJson.ts";
import { createHttpFunctions } from "./http/functions.ts";
import type { HostKeys } from "./http/keys.ts";
import { passOn } from "./http/passOn.ts";
import { createRoutes, type RouteDeclaration, type Routes } from "./http/routes.ts";
import { type HttpServer, listen } from "./http/server.ts";
import { readKeys } from "./keyStore.ts";
import type { Reviewed } from "./knownSettings.ts";
import { type LoadedApp, loadApp } from "./load.ts";
import { createLog, type Log } from "./log.ts";
import { describeError } from "./report.ts";
import { resolveFunctions } from "./resolve.ts";
import { expandSettings, findSetting, readSettings, type Settings } from "./settings.ts";
import { createDurable } from "./startDurable.ts";
import { inInvocationSpan } from "./traces.ts";
import { createTimers } from "./triggers/timer.ts";
import type { Listener, TriggerContext } from "./triggers/trigger.ts";
import type { MeetTurn } from "./turnFaults.ts";
import { createRounds, createYieldingSlots, type Rounds } from "./yieldingSlots.ts";

export interface HostOptions {
  /** The function app's folder, with host.json and package.json. */
  readonly folder: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where the host keeps what must survive a restart. */
  readonly dataDirectory: string;
  /** App settings besides those of the environment; they become environment variables while the host runs. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: Log;
  readonly meetTurn?: MeetTurn | undefined;
  /** The server that answers requests below /sandbox, if any. */
  readonly sandbox?: URL;
}

export interface Host {
  readonly url: string;
  readonly functions: readonly RegisteredFunction[];
  /** Takes no new work, waits `graceMs` for what is running and again for the app's hooks, and ends regardless. */
  close(options?: { graceMs?: number }): Promise<void>;
}

export async function startHost(options: HostOptions): Promise<Host> {
  const { folder, dataDirectory } = options;
  const { settings, reviewed: localReview } = await readSettings(folder, { ...process.env, ...options.settings });
  const { hostJson, reviewed: hostReview } = await readHostJson(folder, settings);
  const log = options.log ?? createLog({ filter: toLevelFilter(hostJson, settings["MOORING_LOG_LEVEL"]) });
  tellIdle("host.json", hostReview, log);
  tellIdle("local.settings.json", localReview, log);
  refuseGone(settings);
  await mkdir(dataDirectory, { recursive: true });
  const keys = await readKeys(dataDirectory, { settings });
  const server = await listen({ port: options.port, log });
  const restoreEnvironment = setEnvironment({ ...settings, ...environmentOf(folder, server) });
  const closing: ((graceMs: number) => Promise<void> | void)[] = [restoreEnvironment];
  const listeners: Listener[] = [];
  let endDurable = async (): Promise<void> => {};
  let closed: Promise<void> | undefined;

  /** In the order of dependence: the triggers, the durable engine, the port that both call back to, the app. */
  async function close(graceMs: number): Promise<void> {
    const grace = startGrace(graceMs);
    const triggered = Promise.all([server.drain(), ...listeners.map((listener) => listener.close())]);
    if (!(await grace.waitFor(triggered))) log.warn("functions did not end in time", { graceMs });
    // It ends within its own grace period; until then, its functions may call back over HTTP.
    await grace.waitFor(endDurable());
    grace.end();
    await server.close();
    for (const end of closing.splice(0)) await end(graceMs);
  }

  try {
    const app = await loadApp(folder, { log });
    closing.unshift((graceMs) => app.close(graceMs));
    const functions = resolveFunctions(app.functions.values(), { settings, log });
    const rounds = hostJson.concurrency.dynamicConcurrencyEnabled ? createRounds() : undefined;
    const durable = createDurable(functions, {
      app,
      activitySlots: rounds && ((limit) => createYieldingSlots(limit, rounds)),
      dataDirectory,
      settings: durableSettingsOf(hostJson, settings),
      // As instances of an app share a task hub in Azure: with this setting, clients here talk to another host's engine.
      baseUrl: () => findSetting(settings, "MOORING_TASK_HUB_URL") ?? server.url,
      key: keys.system,
      rpcKey: keys.rpc,
      isStrict: /^true$/i.test(findSetting(settings, "MOORING_STRICT") ?? ""),
      countConnections: server.countConnections,
      log,
      ...(options.meetTurn === undefined ? {} : { meetTurn: options.meetTurn }),
    });
    if (durable !== undefined) endDurable = () => durable.close();
    const triggers: TriggerContext = {
      functions,
      settings,
      log,
      invoke: (definition, input) => run(app, { definition, input, durable }),
    };
    const timers = createTimers(triggers, { dataDirectory });
    const serviceBus = await createServiceBus(rounds ? yielding(triggers, hostJson, rounds) : triggers, hostJson);
    serveHttp({ app, functions, server, hostJson, keys, settings, log, durable, sandbox: options.sandbox });
    listeners.push(timers.start());
    if (serviceBus !== undefined) listeners.push(serviceBus.start());
    durable?.start();
    if (functions.length === 0)
      log.warn("no functions found; does package.json's main name the built files?", { folder });
    return {
      url: server.url,
      functions,
      close(closeOptions) {
        closed ??= close(closeOptions?.graceMs ?? defaultGraceMs);
        return closed;
      },
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}

const defaultGraceMs = 10_000;

/** Someone who set it expects it to do something. */
function tellIdle(file: string, { idle, unknown }: Reviewed, log: Log): void {
  if (idle.length > 0) log.info(`settings of ${file} that do nothing in this host`, { settings: idle.join(", ") });
  if (unknown.length > 0) log.warn(`unknown settings of ${file}`, { settings: unknown.join(", ") });
}

/** Settings of older versions: a key that nothing requires would be worse than none. */
function refuseGone(settings: Settings): void {
  for (const name of ["MOORING_FUNCTION_KEY", "MOORING_MASTER_KEY", "MOORING_RETENTION"]) {
    if (findSetting(settings, name)) {
      throw new ConfigurationError(
        `This host does not serve ${name}; leave it out, or start the app with Azure Functions Core Tools`,
      );
    }
  }
}

/** The hub's name may refer to a setting: `%NAME%`. */
function durableSettingsOf({ extensions: { durableTask } }: HostJson, settings: Settings): Record<string, unknown> {
  const { hubName } = durableTask;
  if (typeof hubName !== "string") return durableTask;
  const where = "host.json (extensions.durableTask.hubName)";
  return { ...durableTask, hubName: expandSettings(hubName, { settings, where }) };
}

/** Messages wait for short rounds as activities do. */
function yielding(triggers: TriggerContext, { extensions }: HostJson, rounds: Rounds): TriggerContext {
  const slots = createYieldingSlots(extensions.serviceBus.maxConcurrentCalls, rounds);
  return {
    ...triggers,
    invoke: (definition, input) =>
      new Promise((resolve, reject) => slots.run(() => triggers.invoke(definition, input).then(resolve, reject))),
  };
}

/** The SDK is loaded only by apps that need it: it takes longer to load than the rest of the host. */
async function createServiceBus(triggers: TriggerContext, { extensions }: HostJson) {
  if (!triggers.functions.some(({ trigger }) => trigger.type.toLowerCase() === "servicebustrigger")) return undefined;
  const { createServiceBusListeners } = await import("./triggers/serviceBus.ts");
  return createServiceBusListeners(triggers, extensions.serviceBus);
}

interface Parts {
  readonly app: LoadedApp;
  readonly functions: readonly RegisteredFunction[];
  readonly server: HttpServer;
  readonly hostJson: HostJson;
  readonly keys: HostKeys;
  readonly settings: Settings;
  readonly log: Log;
  readonly durable: DurableExtension | undefined;
  readonly sandbox: URL | undefined;
}

function serveHttp({ app, functions, server, hostJson, keys, settings, log, durable, sandbox }: Parts): void {
  const routes = routesOf(functions, hostJson.extensions.http.routePrefix);
  for (const [first, second] of routes.findShadowed()) {
    log.warn("a route is never reached: the other function comes first by name and takes its requests", {
      route: second.template,
      function: second.definition.name,
      takenBy: first.definition.name,
    });
  }
  const streamUri = app.capabilities["HttpUri"];
  const handler = createHttpFunctions({
    routes,
    keys,
    durable,
    bodyLimit: readBodyLimit(settings),
    limits: hostJson.extensions.http,
    streamTarget: typeof streamUri === "string" ? new URL(streamUri) : undefined,
    invoke: (definition, input) => run(app, { definition, input, durable }),
    failed: ({ name }, error) => log.error("failed", { function: name, ...describeError(error) }),
  });
  server.serve(sandbox === undefined ? handler : passOn({ path: "/sandbox", to: sandbox, otherwise: handler }));
}

function run(
  app: LoadedApp,
  {
    definition,
    input,
    durable,
  }: { definition: RegisteredFunction; input: InvocationInput; durable: DurableExtension | undefined },
): Promise<InvocationResult> {
  const inputs = { ...durableInputs(definition, durable), ...input.inputs };
  return inInvocationSpan(definition, { ...input, inputs }, (all) => app.invoke(definition.name, all));
}

function routesOf(functions: readonly RegisteredFunction[], prefix: string): Routes {
  const declarations = functions
    .filter(({ trigger }) => trigger.type.toLowerCase() === "httptrigger")
    .map((definition): RouteDeclaration => {
      const { route, methods } = definition.trigger;
      return {
        definition,
        route: typeof route === "string" && route !== "" ? route : definition.name,
        methods: Array.isArray(methods) ? methods.map(String) : ["GET", "POST"],
      };
    });
  return createRoutes(declarations, { prefix });
}

const defaultBodyLimit = 104_857_600;

/** The setting that Azure's host reads as well. */
function readBodyLimit(settings: Settings): number {
  const name = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";
  const text = findSetting(settings, name);
  if (text === undefined || text === "") return defaultBodyLimit;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new ConfigurationError(`${name} is "${text}"; set it to a number of bytes or remove it`);
}

function environmentOf(folder: string, { port }: HttpServer): Record<string, string> {
  return {
    AZURE_FUNCTIONS_ENVIRONMENT: process.env["AZURE_FUNCTIONS_ENVIRONMENT"] ?? "Development",
    AzureWebJobsScriptRoot: folder,
    FUNCTIONS_WORKER_RUNTIME: "node",
    // The durable SDK builds its links from it; without it they point at port 7071.
    WEBSITE_HOSTNAME: `127.0.0.1:${port}`,
  };
}

/** Returns a function that restores the environment. */
function setEnvironment(values: Settings): () => void {
  const changed = Object.entries(values).filter(([name, value]) => process.env[name] !== value);
  const before = changed.map(([name]) => [name, process.env[name]] as const);
  for (const [name, value] of changed) process.env[name] = value;
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
