/** A connection for each call: calls are few, and a token is good for the login alone. */
import type { Client } from "pg";
import type { PostgresPlace } from "../../domain/targets/postgres.ts";
import { inSpan, SpanKind } from "../../telemetry/spans.ts";
import type { Credential } from "../credential.ts";
import { classify, isLoginFailure, stateOf } from "./errors.ts";

export interface ConnectionSettings {
  readonly credential: Credential;
  readonly scope: string;
  readonly timeoutMs: number;
}

interface Call {
  readonly place: PostgresPlace;
  readonly database: string;
  /** What it is for, in a trace. */
  readonly doing: string;
}

/** The rows of a statement; without values, the text may have several statements. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<unknown>;

type Using = <T>(place: PostgresPlace, doing: string, use: (query: Query) => Promise<T>) => Promise<T>;

export interface Connected {
  /** Roles belong to the server; the functions of Microsoft Entra are in its database `postgres` alone. */
  readonly onServer: Using;
  readonly onDatabase: Using;
}

export function connecting(settings: ConnectionSettings): Connected {
  return {
    onServer: (place, doing, use) => withConnection(settings, { place, database: "postgres", doing }, use),
    onDatabase: (place, doing, use) => withConnection(settings, { place, database: place.database, doing }, use),
  };
}

async function withConnection<T>(
  { credential, scope, timeoutMs }: ConnectionSettings,
  { place: { host, port, login }, database, doing }: Call,
  use: (query: Query) => Promise<T>,
): Promise<T> {
  // Not the statement's text: it holds names of roles.
  const attributes = {
    "db.system.name": "postgresql",
    "db.namespace": database,
    "db.query.summary": doing,
    "server.address": host,
    "server.port": port,
  };
  return await inSpan(`PostgreSQL ${doing}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const token = await credential.getToken(scope);
    const client = new (await loadDriver()).Client({
      ...{ host, port, database, user: login, password: token?.token ?? "" },
      ssl: { rejectUnauthorized: true },
      application_name: "mooring",
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      // Nothing of a call goes on after its end.
      statement_timeout: timeoutMs,
    });
    // Without a listener, losing the connection would end the process. The call reports it anyway.
    client.on("error", () => undefined);
    try {
      await client.connect();
      // Whoever watches the server sees what a statement is for.
      return await use(async (text, values = []) =>
        values.length === 0
          ? (await client.query(`/* mooring: ${doing} */ ${text}`)).rows
          : (await client.query(`/* mooring: ${doing} */ ${text}`, [...values])).rows,
      );
    } catch (error) {
      const state = stateOf(error);
      if (state !== undefined) span.setAttribute("db.response.status_code", state);
      if (token && isLoginFailure(error)) credential.refuse?.(token.token);
      throw classify(error, { target: `PostgreSQL database ${database}`, host });
    } finally {
      await close(client);
    }
  });
}

/** Loaded only when a catalog names such a server. */
async function loadDriver(): Promise<Pick<typeof import("pg"), "Client">> {
  return (await import("pg")).default;
}

/** A connection that is lost, or whose server does not answer, cannot say goodbye. */
async function close(client: Client): Promise<void> {
  await Promise.race([
    client.end().catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 1_000).unref()),
  ]);
}
