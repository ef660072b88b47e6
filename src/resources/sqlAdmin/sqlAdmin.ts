import { defineResource } from "../definitions/resource.ts";

/**
 * The Microsoft Entra administrator of a SQL server, if the catalog gives one: without one, nobody can log in. It belongs to the
 * server and not to the namespace: it is set but never replaced, and an offboarding leaves it.
 */
export const sqlAdmin = defineResource({
  making: "prepare",
  leaving: "rights",
  steps: {
    ensureSqlAdmin: { of: "server", takes: { least: 2, most: 60 } },
    unsetSqlAdmin: { of: "server", undoes: ["ensureSqlAdmin"], takes: { least: 2, most: 60 } },
  },
  ensure: (_request, admins = []) => admins.map((target) => ({ name: "ensureSqlAdmin", target })),
  remove: () => [],
  // undoStages.ts registers one for each server whose administrator is set.
  undo: () => [],
});
