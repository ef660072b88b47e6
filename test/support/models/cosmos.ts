/** Cosmos DB accounts in memory: every account exists, and has each role of a principal at a scope once. */
import { TransientError } from "../../../src/domain/errors.ts";
import type { CosmosAssignment, CosmosRoles } from "../../../src/ports/cosmosRoles.ts";
import type { Calls } from "./calls.ts";

/** By account in lower case and name. */
export type CosmosAccounts = Map<string, CosmosAssignment>;

export function createCosmosModel(accounts: CosmosAccounts, { read, write }: Calls): CosmosRoles {
  const keyOf = (accountId: string, name: string) => `${accountId.toLowerCase()}/${name}`;
  return {
    assignmentsIn: (accountId) =>
      read("list cosmos roles", () =>
        [...accounts].filter(([key]) => key.startsWith(`${accountId.toLowerCase()}/`)).map(([, each]) => each),
      ),
    assign: (accountId, { name, roleId, principalId, scope }) =>
      write("put cosmos role", () => {
        const twin = [...accounts].find(
          ([key, each]) =>
            key.startsWith(`${accountId.toLowerCase()}/`) &&
            each.name !== name &&
            each.roleId === roleId &&
            each.principalId === principalId &&
            each.scope === scope,
        );
        if (twin) throw new TransientError("ARM_UNAVAILABLE", "under another name", { isWithoutEffect: true });
        accounts.set(keyOf(accountId, name), { name, roleId, principalId, scope });
      }),
    remove: (accountId, name) =>
      write("remove cosmos role", () => {
        accounts.delete(keyOf(accountId, name));
      }),
  };
}
