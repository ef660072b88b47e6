/** The errors of Azure SQL, by number, with the texts that clients and people see. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  readonly number: number;
  /** "Class" in TDS, "severity" in T-SQL: the user can correct 11 to 16; 20 and more ends the connection. */
  readonly severity: number;
  readonly state: number;
  /** What the server says after it. */
  readonly next: SqlError | undefined;

  constructor(
    number: number,
    message: string,
    { severity = 16, state = 1, next }: { severity?: number; state?: number; next?: SqlError } = {},
  ) {
    super(message);
    this.number = number;
    this.severity = severity;
    this.state = state;
    this.next = next;
  }
}

/** An error in the text of a batch, found before any of the statement runs. */
export function compileError(number: number, message: string): SqlError {
  return new SqlError(number, message, { severity: 15 });
}

/** `subject` as in "Cannot alter the role 'x'". SQL Server does not distinguish between missing and forbidden. */
export function cannot(subject: string): SqlError {
  return new SqlError(15151, `Cannot ${subject}, because it does not exist or you do not have permission.`);
}

export function incorrectSyntax(near: string): SqlError {
  return compileError(102, `Incorrect syntax near '${near}'.`);
}

/** A statement of Azure SQL that this simulator lacks. Azure uses this number for statements that it does not support. */
export function notSimulated(construct: string): SqlError {
  return new SqlError(40510, `Statement '${construct}' is not supported by the sandbox's SQL simulator.`);
}

export function permissionDenied(
  permission: string,
  { name, database, schema }: { name: string; database: string; schema: string },
) {
  return new SqlError(
    229,
    `The ${permission} permission was denied on the object '${name}', database '${database}', schema '${schema}'.`,
    { severity: 14, state: 5 },
  );
}

export const loginFailed = (user: string) => new SqlError(18456, `Login failed for user '${user}'.`, { severity: 14 });

export const cannotOpenDatabase = (database: string, user: string) =>
  new SqlError(4060, `Cannot open database "${database}" requested by the login. The login failed.`, {
    severity: 11,
    next: loginFailed(user),
  });

export const invalidObject = (name: string) => new SqlError(208, `Invalid object name '${name}'.`);

export const invalidColumn = (name: string) => new SqlError(207, `Invalid column name '${name}'.`);

export const principalExists = (name: string) =>
  new SqlError(15023, `User, group, or role '${name}' already exists in the current database.`);

/** The session was chosen as the deadlock victim: its transaction is rolled back. */
export const deadlockVictim = 1205;

/** An error injected by a test, as Azure SQL would send it. */
export function injectedError(number: number, message: string | undefined): SqlError {
  return new SqlError(number, message ?? messageOf(number), { severity: severities.get(number) ?? 16 });
}

/** The other errors with a text below have class 16. */
const severities = new Map([
  [deadlockVictim, 13],
  [4060, 11],
  [18456, 14],
]);

/** The text of an error injected only by number. Azure inserts real names; programs should read only the number. */
function messageOf(number: number): string {
  return knownMessages.get(number) ?? `Error ${number} was injected.`;
}

const knownMessages = new Map<number, string>([
  [
    deadlockVictim,
    "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
  ],
  [1222, "Lock request time out period exceeded."],
  [4060, 'Cannot open database "orders" requested by the login. The login failed.'],
  [10928, "Resource ID : 1. The request limit for the database is 90 and has been reached."],
  [
    10929,
    "Resource ID: 1. The request minimum guarantee is 0, maximum limit is 90 and the current usage for the database is 90. However, the server is currently too busy to support requests greater than 0 for this database.",
  ],
  [15138, "The database principal owns a schema in the database, and cannot be dropped."],
  [18456, "Login failed for user '<token-identified principal>'."],
  [33130, "Principal 'app' could not be found or this principal type is not supported."],
  [
    33131,
    "Principal 'app' has a duplicate display name. Make the display name unique in Azure Active Directory and execute this statement again.",
  ],
  [33134, "Principal 'app' could not be found at this time. Please try again later."],
  [40197, "The service has encountered an error processing your request. Please try again. Error code 4815."],
  [40501, "The service is currently busy. Retry the request after 10 seconds. Incident ID: 1. Code: 0."],
  [
    40613,
    "Database 'orders' on server 'sql' is not currently available. Please retry the connection later. If the problem persists, contact customer support.",
  ],
  [
    40615,
    "Cannot open server 'sql' requested by the login. Client with IP address '203.0.113.7' is not allowed to access the server.",
  ],
  [49918, "Cannot process request. Not enough resources to process request. Please retry your request later."],
]);
