/**
 * Azure Database for PostgreSQL Flexible Server: a real PostgreSQL, and before it a listener of ours with TLS, which lets clients
 * in by their Entra tokens. Roles, rights, transactions and errors of statements are the real server's.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createSecureContext } from "node:tls";
import type { Client } from "pg";
import { createSerial } from "../../../../src/domain/serial.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { World } from "../world.ts";
import { type Label, refusalOf } from "./authentication.ts";
import { azureObjects } from "./azureObjects.ts";
import { serveConnection } from "./connection.ts";
import { startRealServer } from "./realServer.ts";

export interface PostgresSimulator extends Simulator {
  /** The key in world.postgresServers. */
  readonly server: string;
  /** Runs SQL as the platform's superuser, without wire and faults. Returns the rows of the last statement. */
  runScript(database: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Ends every connection, as a failover does. */
  disconnect(): void;
}

export async function startPostgres(
  { world, faults, tls }: SimulatorContext,
  { server }: { readonly server: string },
): Promise<PostgresSimulator> {
  const described = world.postgresServers.get(server);
  if (!described) throw new Error(`The world has no PostgreSQL server "${server}"; add it before startPostgres.`);
  const real = await startRealServer();
  const sockets = new Set<Socket>();
  let inside: Client | undefined;
  try {
    const platform = await real.connect("postgres");
    inside = platform;
    await platform.query(azureObjects);
    await platform.query("INSERT INTO pgaadauth.tenant VALUES ($1)", [world.tenantId]);
    await nameTenant(platform, world);
    for (const { login, objectId } of described.entraAdmins)
      await platform.query("SELECT pgaadauth_create_principal_with_oid($1, $2, 'service', true, false)", [
        login,
        objectId,
      ]);

    const runScript = async (database: string, sql: string) => {
      const client = await real.connect(database);
      try {
        const results = [await client.query(sql)].flat();
        return results.at(-1)?.rows ?? [];
      } finally {
        await client.end();
      }
    };
    for (const [database, schemas] of described.databases) {
      await platform.query(`CREATE DATABASE ${platform.escapeIdentifier(database)} OWNER azure_pg_admin`);
      const names = schemas.filter((schema) => schema !== "public").map((schema) => platform.escapeIdentifier(schema));
      if (names.length > 0)
        await runScript(database, names.map((name) => `CREATE SCHEMA ${name} AUTHORIZATION azure_pg_admin`).join(";"));
    }

    /** A connection has one query at a time. */
    const oneByOne = createSerial();
    const context = {
      server,
      faults,
      secureContext: createSecureContext({ cert: tls.certificate, key: tls.privateKey }),
      socketPath: real.socketPath,
      async refusalOf(role: string, token: string) {
        const label = await oneByOne.run("", () => findLabel(platform, role));
        return await refusalOf(world, { role, token, label });
      },
      beforeCreatingPrincipal: () => oneByOne.run("", () => nameTenant(platform, world)),
    };
    const listener = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      serveConnection(socket, context);
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("The PostgreSQL listener has no port.");
    const disconnect = () => {
      for (const socket of sockets) socket.destroy();
    };
    return {
      server,
      url: `postgresql://127.0.0.1:${address.port}`,
      port: address.port,
      runScript,
      disconnect,
      async close() {
        listener.close();
        disconnect();
        await platform.end();
        await real.close();
      },
    };
  } catch (error) {
    await inside?.end();
    await real.close();
    throw error;
  }
}

async function findLabel(platform: Client, role: string): Promise<Label | undefined> {
  const { rows } = await platform.query<{ objectid: string; principaltype: string }>(
    "SELECT objectid, principaltype FROM pgaadauth_list_principals(false) WHERE rolname = $1",
    [role],
  );
  return rows[0] && { objectId: rows[0].objectid, principalType: rows[0].principaltype };
}

/** Writes down who is in the tenant now, for the functions that look a principal up. */
async function nameTenant(platform: Client, { identities, servicePrincipals }: World): Promise<void> {
  const ids = [...identities.values(), ...servicePrincipals.values()].map(({ principalId }) =>
    principalId.toLowerCase(),
  );
  await platform.query(
    "WITH gone AS (DELETE FROM pgaadauth.directory WHERE objectid <> ALL ($1)) " +
      "INSERT INTO pgaadauth.directory SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
    [ids],
  );
}
