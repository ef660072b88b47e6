/** Cosmos DB accounts in memory: every account exists, and does what it is told. */
import type { CosmosAssignment, CosmosRoles } from "../../src/ports.ts";

/** By account in lower case and name. */
export type CosmosAccounts = Map<string, CosmosAssignment>;

interface Calls {
  read<T>(what: string, answer: () => T): Promise<T>;
  write(what: string, effect: () => void): Promise<void>;
}

export function createCosmosModel(accounts: CosmosAccounts, { read, write }: Calls): CosmosRoles {
  const keyOf = (accountId: string, name: string) => `${accountId.toLowerCase()}/${name}`;
  return {
    assignmentsIn: (accountId) =>
      read("list cosmos roles", () =>
        [...accounts].filter(([key]) => key.startsWith(`${accountId.toLowerCase()}/`)).map(([, each]) => each),
      ),
    assign: (accountId, { name, roleId, principalId, scope }) =>
      write("assign cosmos role", () => {
        accounts.set(keyOf(accountId, name), { name, roleId, principalId, scope });
      }),
    remove: (accountId, name) =>
      write("remove cosmos role", () => {
        accounts.delete(keyOf(accountId, name));
      }),
  };
}
