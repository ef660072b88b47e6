/** Roles of Cosmos DB accounts: Azure Resource Manager. */
import type { PrincipalId } from "../domain/naming/identityPair.ts";
import type { CosmosGrant } from "../domain/targets/cosmos.ts";

export interface CosmosAssignment extends CosmosGrant {
  /** A GUID, which nobody can change. */
  readonly name: string;
}

export interface CosmosRoles {
  /** Everybody's in the account, at any scope; none if it is gone. */
  assignmentsIn(accountId: string): Promise<readonly CosmosAssignment[]>;
  /** Resolves when the account has the assignment. */
  assign(accountId: string, assignment: CosmosAssignment & { readonly principalId: PrincipalId }): Promise<void>;
  /** Resolves when the account no longer has it. No error when it is already gone. */
  remove(accountId: string, name: string): Promise<void>;
}
