/**
 * What host.json and local.settings.json may hold: learn.microsoft.com "host.json reference", "Code and test Azure Functions
 * locally"; options classes of the extensions (DurableTaskOptions.cs, ServiceBusOptions.cs, HttpOptions.cs).
 */

/** `idle`: Azure knows it, but it has no effect here. */
export interface Known {
  readonly [name: string]: "served" | "idle" | Known;
}

export const hostJsonSettings: Known = {
  version: "served",
  $schema: "served",
  logging: {
    logLevel: "served",
    applicationInsights: "idle",
    console: "idle",
    fileLoggingMode: "idle",
    OpenTelemetry: "idle",
  },
  functions: "served",
  extensions: {
    http: {
      routePrefix: "served",
      maxConcurrentRequests: "served",
      maxOutstandingRequests: "served",
      dynamicThrottlesEnabled: "idle",
      hsts: "idle",
      customHeaders: "idle",
    },
    serviceBus: {
      autoCompleteMessages: "served",
      maxConcurrentCalls: "served",
      maxAutoLockRenewalDuration: "served",
      maxMessageBatchSize: "idle",
      minMessageBatchSize: "idle",
      maxBatchWaitTime: "idle",
      clientRetryOptions: "idle",
      enableCrossEntityTransactions: "idle",
      jsonSerializerSettings: "idle",
      maxConcurrentCallsPerSession: "idle",
      maxConcurrentSessions: "idle",
      prefetchCount: "idle",
      sessionIdleTimeout: "idle",
      transportType: "idle",
      webProxy: "idle",
    },
    durableTask: {
      hubName: "served",
      maxConcurrentActivityFunctions: "served",
      maxConcurrentOrchestratorFunctions: "served",
      maxOrchestrationActions: "served",
      defaultVersion: "served",
      versionMatchStrategy: "served",
      versionFailureStrategy: "served",
      allowReplayedInvocations: "idle",
      entityMessageReorderWindowInMinutes: "idle",
      extendedSessionIdleTimeoutInSeconds: "idle",
      extendedSessionsEnabled: "idle",
      grpc: "idle",
      httpSettings: "idle",
      localRpcEndpointEnabled: "idle",
      maxConcurrentEntityFunctions: "idle",
      maxEntityOperationBatchSize: "idle",
      maxGrpcMessageSizeInBytes: "idle",
      notificationUrl: "idle",
      notifications: "idle",
      overridableExistingInstanceStates: "idle",
      rollbackEntityOperationsOnExceptions: "idle",
      storageProvider: "idle",
      storeInputsInOrchestrationHistory: "idle",
      throwStatusExceptionsOnRaiseEvent: "idle",
      tracing: "idle",
      useAppLease: "idle",
      useGracefulShutdown: "idle",
    },
    blobs: "idle",
    cosmosDb: "idle",
    eventGrid: "idle",
    eventHubs: "idle",
    kafka: "idle",
    queues: "idle",
    rabbitMQ: "idle",
    sendGrid: "idle",
    signalR: "idle",
    tables: "idle",
    warmup: "idle",
  },
  aggregator: "idle",
  applicationInsights: "idle",
  concurrency: {
    dynamicConcurrencyEnabled: "served",
    snapshotPersistenceEnabled: "idle",
  },
  customHandler: "idle",
  extensionBundle: "idle",
  fileWatchingEnabled: "idle",
  functionTimeout: "idle",
  healthMonitor: "idle",
  managedDependency: "idle",
  retry: "idle",
  sendCanceledInvocationsToWorker: "idle",
  singleton: "idle",
  telemetryMode: "idle",
  tracing: "idle",
  watchDirectories: "idle",
  watchFiles: "idle",
};

export const localSettings: Known = {
  IsEncrypted: "served",
  Values: "served",
  ConnectionStrings: "idle",
  Host: { LocalHttpPort: "idle", CORS: "idle", CORSCredentials: "idle" },
};

/** The settings of a file that have no effect here. */
export interface Reviewed {
  readonly idle: readonly string[];
  readonly unknown: readonly string[];
}

/** Gives every name its known case, because .NET's configuration ignores case. */
export function review(json: unknown, known: Known, place: readonly string[] = []): { json: unknown } & Reviewed {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return { json, idle: [], unknown: [] };
  const names = Object.keys(known);
  const entries: [string, unknown][] = [];
  const idle: string[] = [];
  const unknown: string[] = [];
  for (const [given, value] of Object.entries(json)) {
    const name = names.find((each) => each.toLowerCase() === given.toLowerCase());
    const kind = name === undefined ? undefined : known[name];
    const here = [...place, name ?? given];
    if (kind === undefined) unknown.push(here.join("."));
    else if (kind === "idle") idle.push(here.join("."));
    if (kind === undefined || typeof kind === "string") {
      entries.push([name ?? given, value]);
      continue;
    }
    const inner = review(value, kind, here);
    entries.push([name ?? given, inner.json]);
    idle.push(...inner.idle);
    unknown.push(...inner.unknown);
  }
  return { json: Object.fromEntries(entries), idle, unknown };
}
