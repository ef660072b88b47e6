/** A login to a database: its principal, options, variables and open transaction. */
import type { World } from "../../world.ts";
import type { SessionOptions } from "./sessionOptions.ts";
import type { SqlType, SqlValue } from "./sqlTypes.ts";
import type { Database } from "./store.ts";
import type { Savepoint } from "./transactions.ts";

export interface Session {
  readonly id: number;
  readonly world: World;
  /** The key in `world.sqlServers`. */
  readonly server: string;
  readonly database: Database;
  readonly principalId: number;
  /** The result of SUSER_SNAME(). */
  readonly loginName: string;
  readonly isEntra: boolean;
  readonly application: string;
  /** The variables of the running batch. */
  variables: Map<string, Variable>;
  options: SessionOptions;
  /** Counts nested BEGIN TRANSACTION, as @@TRANCOUNT does; 0 means autocommit. */
  transactionDepth: number;
  /** The name of the outermost BEGIN TRANSACTION, if it has one. */
  transactionName: string | undefined;
  savepoints: readonly Savepoint[];
  rowCount: number;
  lastIdentity: number | undefined;
}

export interface Variable {
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** Variable names are case-insensitive. */
export function variableKey(name: string): string {
  return name.toLowerCase();
}
