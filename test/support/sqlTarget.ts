/** The SQL server of a test as the catalog would name it. */
import type { SqlSandbox } from "azure-sim/testing/sql";
import type { DatabaseTarget } from "../../src/domain/targets/sqlDatabase.ts";

export function targetOf({ simulator, world }: SqlSandbox, database: string): DatabaseTarget {
  return {
    server: {
      alias: "sql-dev",
      resourceId: `/subscriptions/${world.subscriptionId}/resourceGroups/data/providers/Microsoft.Sql/servers/sql-dev`,
      host: "localhost",
      port: simulator.port,
      userCreation: "sid",
      databases: {},
    },
    database,
  };
}
