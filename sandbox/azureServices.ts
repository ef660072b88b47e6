/** The services of Azure in a cloud, but for the data of its targets: each with the rights that infra/ gives in it. */
import { type ArmOptions, type ArmSimulator, startArm } from "azure-sim/arm";
import { byRoles } from "azure-sim/dataRights";
import { type PostgresSimulator, startPostgres } from "azure-sim/postgres";
import { type ServiceBusSimulator, startServiceBus } from "azure-sim/serviceBus";
import type { SimulatorContext } from "azure-sim/simulator";
import { type SqlSimulator, startSql } from "azure-sim/sql";
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import type { Principals } from "./principals.ts";
import { actionsFor, type Rights } from "./rights.ts";
import type { Running } from "./running.ts";

export const messaging = {
  queue: "onboarding-requests",
  topic: "onboarding-events",
  trialQueue: "trial",
  trialTopic: "trial-topic",
  serviceBusNamespace: "mooring.servicebus.windows.net",
};

interface Environment {
  readonly context: SimulatorContext;
  readonly running: Running;
  readonly principals: Principals;
}

export function startResourceManager(
  { context, running, principals: { mooring, operator, owner } }: Environment,
  {
    rights,
    catalog,
    ...options
  }: Pick<ArmOptions, "authorityHost" | "enforceLimits"> & { rights: Rights; catalog: Catalog },
): Promise<ArmSimulator> {
  return running.keep(
    startArm(context, {
      ...options,
      authorized: new Set([mooring.clientId, operator.clientId]),
      owners: new Set([owner.clientId]),
      actions: actionsFor(rights, catalog),
      assignableRoles: new Set(rights.assignableRoles),
    }),
  );
}

export function startSqlServers(
  { context, running }: Environment,
  options: { readonly authorityHost: string; readonly sqlLogins: Readonly<Record<string, string>> },
): Promise<SqlSimulator[]> {
  const servers = [...context.world.sqlServers.keys()];
  return Promise.all(servers.map((server) => running.keep(startSql(context, { server, ...options }))));
}

/** What a database has before Mooring comes. */
export async function prepareDatabases({ context }: Environment, servers: readonly SqlSimulator[], script: string) {
  for (const sql of servers) {
    for (const name of context.world.sqlServers.get(sql.server)?.databases ?? [])
      await sql.database(name).runScript(script);
  }
}

export function startPostgresServers({ context, running }: Environment): Promise<PostgresSimulator[]> {
  const servers = [...context.world.postgresServers.keys()];
  return Promise.all(servers.map((server) => running.keep(startPostgres(context, { server }))));
}

export function startMessaging(
  { context, running, principals: { mooring, team } }: Environment,
  lockDurationSeconds: number,
): Promise<ServiceBusSimulator> {
  const { world } = context;
  const id = `/subscriptions/${world.subscriptionId}/resourceGroups/rg-mooring/providers/Microsoft.ServiceBus/namespaces/mooring`;
  const mayInOwn = byRoles(world, "serviceBus", id);
  return running.keep(
    startServiceBus(context, {
      host: messaging.serviceBusNamespace,
      may: (principal, ...asked) =>
        [mooring, team].some(({ clientId }) => clientId === principal.clientId) || mayInOwn(principal, ...asked),
      // As in infra/modules/serviceBus.bicep, and one of each that the service does not read.
      queues: [
        { name: messaging.queue, deadLetteringOnExpiration: true, lockDurationSeconds },
        { name: messaging.trialQueue },
      ],
      topics: [
        { name: messaging.topic, subscriptions: [{ name: "all" }] },
        { name: messaging.trialTopic, subscriptions: [{ name: "all" }] },
      ],
    }),
  );
}
