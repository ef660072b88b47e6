/**
 * The Microsoft Entra administrator of a SQL server, if the catalog gives one: without one, nobody can log in. It belongs to the
 * server and not to the namespace: it is set but never replaced, and an offboarding leaves it.
 */
import { finding } from "../../domain/finding.ts";
import { administeredServers, findServer } from "../../domain/targets/sqlDatabase.ts";
import { defineResource } from "../definitions/resource.ts";
import { inspectServer, inWords, isSame } from "./administrator.ts";
import { adminCommand } from "./command.ts";
import { ensureSqlAdmin, unsetSqlAdmin } from "./steps.ts";

export const sqlAdmin = defineResource({
  steps: { ensureSqlAdmin, unsetSqlAdmin },
  making: "prepare",
  leaving: "rights",
  // Azure, and not the request, says which servers have none (application/process/programs.ts).
  ensure: () => [],
  remove: () => [],

  inspect: (ports, { request }) =>
    administeredServers(ports.catalog, request).map((alias) => ({
      target: alias,
      async read() {
        const server = findServer(ports.catalog, alias);
        const current = (await inspectServer(ports, server)).entraAdmin;
        const { entraAdmin: wanted } = server;
        if (!wanted || (current && isSame(current, wanted))) return [];
        const about = { field: "administrator", expected: inWords(wanted), found: current ? inWords(current) : null };
        return [finding(current ? "SQL_ADMIN_OTHER" : "SQL_ADMIN_GONE", alias, about)];
      },
    })),

  remains: () => [],

  exported: (catalog, { request }) => ({
    commands: administeredServers(catalog, request).map((alias) => adminCommand(findServer(catalog, alias))),
  }),
});
