/** SQL servers: Azure Resource Manager. */
import type { EntraAdmin, SqlServerTarget } from "../domain/targets/sqlDatabase.ts";

export interface SqlServerState {
  readonly location: string;
  readonly fullyQualifiedDomainName: string;
  /** The Microsoft Entra administrator, if one is set. */
  readonly entraAdmin: { readonly login: string; readonly objectId: string } | undefined;
  readonly databases: readonly string[];
}

export interface SqlServers {
  /** Undefined if ARM has no such server. */
  inspect(server: SqlServerTarget): Promise<SqlServerState | undefined>;
  /** Replaces any administrator, so look first. Resolves when the server has the new one. */
  setEntraAdmin(server: SqlServerTarget, admin: EntraAdmin): Promise<void>;
  /** Removes any administrator, so look first. */
  removeEntraAdmin(server: SqlServerTarget): Promise<void>;
}
