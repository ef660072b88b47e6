/** Composition root: settings and catalog → adapters → ports → functions. The Functions host loads the bundle of this file. */

import { dirname, join, resolve } from "node:path";
import { providePorts } from "./activities/host.ts";
import { createArm } from "./adapters/arm/index.ts";
import { createCredential, type RenewableCredential } from "./adapters/credential.ts";
import { createTokens } from "./adapters/entra/index.ts";
import { createEvents } from "./adapters/events/events.ts";
import { createQueueMessages } from "./adapters/events/queueMessages.ts";
import { createIssuers } from "./adapters/issuers/index.ts";
import { createKubernetes } from "./adapters/kubernetes/index.ts";
import { createPostgres } from "./adapters/postgres/index.ts";
import { createAudit } from "./adapters/registry/audit.ts";
import { announceWrites } from "./adapters/registry/changes.ts";
import { createIdempotencyKeys } from "./adapters/registry/idempotency.ts";
import { createRegistry } from "./adapters/registry/index.ts";
import { createTurns } from "./adapters/registry/turns.ts";
import { createUnreadableRows } from "./adapters/registry/unreadableRows.ts";
import { createDatabases } from "./adapters/sql/index.ts";
import { dashboardSettings } from "./application/documents/dashboardSettings.ts";
import { createDriftWatch } from "./application/inspection/watchDrift.ts";
import { watchUnrecorded } from "./application/inspection/watchUnrecorded.ts";
import { createBacklog } from "./application/queue/backlog.ts";
import { recoverBatch } from "./application/recovery/reconcileBatches.ts";
import { createRequestRecovery } from "./application/recovery/recoverOnRequest.ts";
import { createRefusalTrail } from "./application/watching/refusalTrail.ts";
import { assetsIn } from "./assets.ts";
import { isAnonymous, loadCatalog } from "./catalog.ts";
import { type Config, loadConfig } from "./config.ts";
import type { Catalog } from "./domain/catalog/catalog.ts";
import { defined } from "./domain/defined.ts";
import { createSerial } from "./domain/serial.ts";
import { registerAccess } from "./functions/access.ts";
import { registerBatches } from "./functions/batches/batches.ts";
import { registerCaller } from "./functions/caller.ts";
import { registerCatalog } from "./functions/catalog.ts";
import { registerDashboard } from "./functions/dashboard/dashboard.ts";
import { registerForgetIdempotencyKeys } from "./functions/forgetIdempotencyKeys.ts";
import { registerHealth } from "./functions/health.ts";
import { registerExports } from "./functions/namespaces/exports.ts";
import { registerMigrations } from "./functions/namespaces/migrations.ts";
import { registerNamespaces } from "./functions/namespaces/namespaces.ts";
import { registerRepairs } from "./functions/namespaces/repairs.ts";
import { registerVerifications } from "./functions/namespaces/verifications.ts";
import { registerWatchDrift } from "./functions/namespaces/watchDrift.ts";
import { registerWatchExpiry } from "./functions/namespaces/watchExpiry.ts";
import { queueName, registerOnboardingRequested } from "./functions/onboardings/onboardingRequested.ts";
import { registerOnboardings } from "./functions/onboardings/onboardings.ts";
import { registerOpenApi } from "./functions/openapi.ts";
import { registerApprovals } from "./functions/operations/approvals.ts";
import { registerDecisions } from "./functions/operations/decisions.ts";
import { registerOperations } from "./functions/operations/operations.ts";
import { registerPurgeHistories } from "./functions/operations/purgeHistories.ts";
import { registerStartAccepted } from "./functions/operations/startAccepted.ts";
import { watchCatalog } from "./functions/watchCatalog.ts";
import { registerAudit } from "./functions/watching/audit.ts";
import { registerEvents } from "./functions/watching/events.ts";
import { createCallers } from "./http/callers/authentication.ts";
import { watchClients } from "./http/clients.ts";
import { createGuards } from "./http/guard.ts";
import { createRoutes } from "./http/route.ts";
import { createRestoreSent } from "./http/sentHeaders.ts";
import "./orchestrations/launchable.ts";
import { withIndex } from "./application/readIndex.ts";
import { recoverOperation } from "./application/recovery/recoverOperation.ts";
import type { Ports } from "./ports/index.ts";
import { logLine } from "./telemetry/logLine.ts";
import { startTelemetry, watchInvocations } from "./telemetry/start.ts";

const topicName = "onboarding-events";

function createPorts(config: Config, catalog: Catalog, credential: RenewableCredential): Ports {
  const timeoutMs = config.MOORING_CALL_TIMEOUT_MS;
  const customEndpointAddress = config.ServiceBusConnection__customEndpointAddress;
  const serviceBus = {
    credential,
    fullyQualifiedNamespace: config.ServiceBusConnection__fullyQualifiedNamespace,
    ...defined({ customEndpointAddress }),
  };
  const entra = catalog.auth?.entra;
  const unreadable = createUnreadableRows();
  const tables = { credential, endpoint: config.MOORING_TABLES_ENDPOINT, timeoutMs, unreadable };
  return {
    catalog,
    ...defined({ tokens: entra && createTokens({ ...entra, tenantId: catalog.tenantId }) }),
    ...createArm({
      credential,
      endpoint: config.MOORING_ARM_ENDPOINT,
      scope: config.MOORING_ARM_SCOPE,
      identityWriteIntervalMs: 1_000 / config.MOORING_ARM_WRITES_PER_SECOND,
      turns: createTurns(tables),
      timeoutMs,
    }),
    databases: createDatabases({
      credential,
      scope: config.MOORING_SQL_SCOPE,
      connectTimeoutMs: timeoutMs,
      requestTimeoutMs: timeoutMs,
    }),
    postgres: createPostgres({ credential, scope: postgresScope(config), timeoutMs }),
    kubernetes: createKubernetes({ credential, scope: config.MOORING_KUBERNETES_SCOPE, timeoutMs }),
    issuers: createIssuers({ timeoutMs }),
    ...announceWrites(createRegistry({ ...tables, installation: config.MOORING_INSTALLATION_ID })),
    admissions: createSerial(),
    audit: createAudit(tables),
    idempotencyKeys: createIdempotencyKeys(tables),
    events: createEvents({ ...serviceBus, topic: topicName }),
    queue: createQueueMessages({ ...serviceBus, queue: queueName }),
  };
}

/** In every cloud it is below the domain of Azure SQL. */
function postgresScope({ MOORING_SQL_SCOPE }: Config): string {
  return MOORING_SQL_SCOPE.replace("https://", "https://ossrdbms-aad.");
}

/** The bundle is in dist/, one folder below the app. */
const appFolder = dirname(import.meta.dirname);
const config = loadConfig();
const catalog = loadCatalog(resolve(appFolder, config.MOORING_CATALOG));
if (isAnonymous(catalog, config)) {
  console.warn(logLine("MOORING_ALLOW_ANONYMOUS is true: callers are not authenticated, and each may do everything."));
}
const credential = createCredential({ clientId: config.AZURE_CLIENT_ID, timeoutMs: config.MOORING_CALL_TIMEOUT_MS });
const adapters = createPorts(config, catalog, credential);
const indexMs = config.MOORING_INDEX_SECONDS * 1_000;
const ports = indexMs > 0 ? withIndex(adapters, indexMs) : adapters;
startTelemetry(config, credential);
watchInvocations();

const refusals = createRefusalTrail(ports);
const backlog = createBacklog(ports, { refusals });
providePorts({ ...ports, backlog });
const clients = watchClients();
const callers = createCallers(ports);
const guards = createGuards({ callers, refusals, restoreSent: createRestoreSent(clients) });
const routes = createRoutes(guards);
const requestRecovery = createRequestRecovery(ports, {
  async recoverOperation(recovery, record) {
    await recoverOperation(recovery, record);
    await backlog.beginNext(recovery, record);
  },
  recoverBatch: recoverBatch,
});
registerOnboardings(ports, routes, requestRecovery);
registerBatches(ports, routes);
registerOperations(ports, routes, requestRecovery, { traceUrl: config.MOORING_TRACE_URL });
registerDecisions(ports, routes);
registerApprovals(ports, routes);
registerNamespaces(ports, routes, requestRecovery);
registerVerifications(ports, routes);
registerRepairs(ports, routes, requestRecovery);
registerMigrations(ports, routes, requestRecovery);
registerOnboardingRequested(ports, { backlog, requestRecovery, failing: new Set() });
registerStartAccepted(ports, backlog);
const unrecordedWatch = watchUnrecorded(ports);
const driftWatch = createDriftWatch(ports);
registerWatchDrift(ports, driftWatch, unrecordedWatch);
registerWatchExpiry(ports);
registerForgetIdempotencyKeys(ports, { rowHours: config.MOORING_IDEMPOTENCY_ROW_HOURS });
registerPurgeHistories({ days: config.MOORING_HISTORY_DAYS });
registerAudit(ports, routes);
registerEvents(ports, routes, { requestRecovery, clients });
registerExports(ports, routes);
registerCatalog(ports, routes);
registerAccess(ports, routes);
registerCaller(ports, routes);
registerHealth(ports, routes, { catalogWatch: watchCatalog(ports), driftWatch, unrecordedWatch });
registerOpenApi(routes);
registerDashboard(routes, {
  built: assetsIn(join(appFolder, "dist/dashboard")),
  settings: dashboardSettings(catalog, {
    clientId: config.MOORING_DASHBOARD_CLIENT_ID,
    traceUrl: config.MOORING_TRACE_URL,
    links: config.MOORING_DASHBOARD_LINKS,
  }),
});
routes.register();
