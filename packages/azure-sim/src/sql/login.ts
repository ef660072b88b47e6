/** Turns LOGIN7 and a token into a session, and writes the reply. */
import { audience, principalOf, tokenUser, verifyAccessToken } from "./accessToken.ts";
import { findPrincipal, principalIds } from "./engine/database.ts";
import type { Session } from "./engine/session.ts";
import { defaultOptions } from "./engine/sessionOptions.ts";
import type { Database } from "./engine/store.ts";
import { cannotOpenDatabase, loginFailed } from "./errors.ts";
import type { Login } from "./login7.ts";
import type { ServerContext } from "./serverContext.ts";
import { done, doneStatus, environment, featureAck, fedAuthInfo, infoToken, loginAck } from "./tokens.ts";

export async function authenticate(login: Login, token: string | undefined, context: ServerContext): Promise<Session> {
  if (token === undefined) return sqlSession(login, context);
  const clientId = await verifyAccessToken(token, context);
  const database = openDatabase(login, context, tokenUser);
  const principalId = principalOf(clientId, { ...context, data: database.read({}) });
  const loginName = `${clientId}@${context.world.tenantId}`;
  return createSession(login, context, { database, principalId, loginName, isEntra: true });
}

/**
 * By user name and password: those that a test sets up for clients that do not support tokens, and users with a password in the
 * database that they name. A server that is Entra-only refuses all of them.
 */
function sqlSession(login: Login, context: ServerContext): Session {
  const { user: loginName, password } = login;
  if (context.world.sqlServers.get(context.server)?.isEntraOnly === true) throw loginFailed(loginName);
  const isOfServer = context.sqlLogins.get(loginName) === password;
  const database = context.findDatabase(login.database === "" ? "master" : login.database);
  const user = database && findPrincipal(database.read({}), loginName);
  if (!isOfServer && (user?.password === undefined || user.password !== password)) throw loginFailed(loginName);
  return createSession(login, context, {
    database: openDatabase(login, context, loginName),
    principalId: isOfServer ? principalIds.dbo : (user?.id ?? principalIds.dbo),
    loginName,
    isEntra: false,
  });
}

function openDatabase({ database }: Login, context: ServerContext, user: string): Database {
  const name = database === "" ? "master" : database;
  const found = context.findDatabase(name);
  if (!found) throw cannotOpenDatabase(name, user);
  return found;
}

function createSession(
  { application }: Pick<Login, "application">,
  { world, server, nextSessionId }: Pick<ServerContext, "world" | "server" | "nextSessionId">,
  who: Pick<Session, "database" | "principalId" | "loginName" | "isEntra">,
): Session {
  return {
    id: nextSessionId(),
    world,
    server,
    application,
    ...who,
    variables: new Map(),
    options: defaultOptions,
    transactionDepth: 0,
    transactionName: undefined,
    savepoints: [],
    rowCount: 0,
    lastIdentity: undefined,
  };
}

/** The session of a script that a test or the demo runs inside the process. */
export function createLocalSession(database: Database, context: Pick<ServerContext, "world" | "server">): Session {
  const who = { database, principalId: principalIds.dbo, loginName: "dbo", isEntra: true };
  return createSession({ application: "sandbox" }, { ...context, nextSessionId: () => 1 }, who);
}

export function writeFedAuthInfo({ world, authorityHost }: ServerContext): Buffer {
  return fedAuthInfo({ stsUrl: authorityHost + world.tenantId, spn: audience });
}

const knownVersions = new Set([0x71000001, 0x72090002, 0x730a0003, 0x730b0003, 0x74000004, 0x08000000]);

/** In SQL Server's order; clients rely on parts of it. */
export function writeLoginReply(
  login: Login,
  { packetSize, server, database }: { packetSize: number; server: string; database: string },
): Buffer {
  return Buffer.concat([
    environment.database(database),
    infoToken(5701, `Changed database context to '${database}'.`, server),
    environment.collation(),
    environment.language("us_english"),
    infoToken(5703, "Changed language setting to us_english.", server),
    loginAck(knownVersions.has(login.tdsVersion) ? login.tdsVersion : 0x74000004),
    environment.packetSize(packetSize),
    featureAck({ fedAuth: login.fedAuth !== undefined, utf8: login.asksForUtf8 }),
    done("done", doneStatus.final),
  ]);
}
