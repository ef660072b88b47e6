/** BEGIN, SAVE, COMMIT and ROLLBACK, as statements and as drivers' requests to the transaction manager. */
import { SqlError } from "../errors.ts";
import type { DatabaseData } from "./database.ts";
import type { Session } from "./session.ts";

export interface Savepoint {
  readonly name: string;
  /** Undefined means the data before the session's first write. */
  readonly data: DatabaseData | undefined;
}

export type TransactionRequest =
  | { readonly kind: "beginTransaction"; readonly name: string | undefined }
  | { readonly kind: "saveTransaction"; readonly name: string }
  | { readonly kind: "commit" }
  /** Without a name, the whole transaction. */
  | { readonly kind: "rollback"; readonly name: string | undefined };

/** The event that the client's driver needs: its transaction has begun or ended. */
export type TransactionEvent = "begin" | "commit" | "rollback";

export function changeTransaction(session: Session, request: TransactionRequest): TransactionEvent | undefined {
  switch (request.kind) {
    case "beginTransaction":
      return begin(session, request.name);
    case "saveTransaction":
      save(session, request.name);
      return undefined;
    case "commit":
      requireTransaction(session, 3902, "COMMIT");
      return endTransaction(session, "commit");
    case "rollback":
      requireTransaction(session, 3903, "ROLLBACK");
      return rollback(session, request.name);
  }
}

/** COMMIT ends the innermost BEGIN; ROLLBACK ends all of them. */
export function endTransaction(session: Session, kind: "commit" | "rollback"): TransactionEvent | undefined {
  if (session.transactionDepth === 0) return undefined;
  session.transactionDepth = kind === "commit" ? session.transactionDepth - 1 : 0;
  if (session.transactionDepth > 0) return undefined;
  session.savepoints = [];
  if (kind === "commit") session.database.commit(session);
  else session.database.rollback(session);
  return kind;
}

function begin(session: Session, name: string | undefined): TransactionEvent | undefined {
  session.transactionDepth += 1;
  if (session.transactionDepth > 1) return undefined;
  session.transactionName = name;
  return "begin";
}

function save(session: Session, name: string): void {
  if (session.transactionDepth === 0) {
    throw new SqlError(628, "Cannot issue SAVE TRANSACTION when there is no active transaction.");
  }
  session.savepoints = [...session.savepoints, { name, data: session.database.uncommitted(session) }];
}

/** Rolls back to the last savepoint of this name, which stays; the name of the outermost BEGIN means the whole transaction. */
function rollback(session: Session, name: string | undefined): TransactionEvent | undefined {
  if (name === undefined) return endTransaction(session, "rollback");
  const index = session.savepoints.findLastIndex((savepoint) => savepoint.name === name);
  const savepoint = session.savepoints[index];
  if (savepoint) {
    session.savepoints = session.savepoints.slice(0, index + 1);
    session.database.restore(session, savepoint.data);
    return undefined;
  }
  if (name === session.transactionName) return endTransaction(session, "rollback");
  throw new SqlError(6401, `Cannot roll back ${name}. No transaction or savepoint of that name was found.`);
}

function requireTransaction({ transactionDepth }: Session, number: number, request: string): void {
  if (transactionDepth > 0) return;
  throw new SqlError(number, `The ${request} TRANSACTION request has no corresponding BEGIN TRANSACTION.`);
}
