import { defineResource } from "../definitions/resource.ts";

/**
 * The Microsoft Entra administrator of a SQL server, where the catalog gives one: without any, nobody logs in. It is the
 * server's and not the namespace's: it is set and never replaced, and an offboarding leaves it.
 */
export const sqlAdmin = defineResource({
  making: "prepare",
  leaving: "rights",
  steps: {
    ensureSqlAdmin: { of: "server", takes: { least: 2, most: 60 } },
    unsetSqlAdmin: { of: "server", takes: { least: 2, most: 60 } },
  },
  ensure: (_request, admins = []) => admins.map((target) => ({ name: "ensureSqlAdmin", target })),
  remove: () => [],
  // Only where it is set: undoStages.ts registers it by the server.
  undo: () => [],
});
