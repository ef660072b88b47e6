/** One login to one database: who, with which options, variables and open transaction. */
import type { World } from "../../world.ts";
import type { SessionOptions } from "./sessionOptions.ts";
import type { SqlType, SqlValue } from "./sqlTypes.ts";
import type { Database } from "./store.ts";
import type { Savepoint } from "./transactions.ts";

export interface Session {
  readonly id: number;
  readonly world: World;
  /** Key in `world.sqlServers`. */
  readonly server: string;
  readonly database: Database;
  readonly principalId: number;
  /** What SUSER_SNAME() says. */
  readonly loginName: string;
  readonly isEntra: boolean;
  readonly application: string;
  /** Of the batch that runs. */
  variables: Map<string, Variable>;
  options: SessionOptions;
  /** 0: autocommit. Counts nested BEGIN TRANSACTION, as @@TRANCOUNT does. */
  transactionDepth: number;
  /** Of the outermost BEGIN TRANSACTION, if it has one. */
  transactionName: string | undefined;
  savepoints: readonly Savepoint[];
  rowCount: number;
  lastIdentity: number | undefined;
}

export interface Variable {
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** Variables, without regard to case. */
export function variableKey(name: string): string {
  return name.toLowerCase();
}
