/** A world with one SQL server, and what tests need to reach it under various identities. */
import { randomUUID } from "node:crypto";
import tls from "node:tls";
import type { TokenCredential } from "@azure/identity";
import { SignJWT } from "jose";
import sql from "mssql";
import { createFaults, type Faults } from "../../packages/azure-sim/src/faults.ts";
import { type SqlOptions, type SqlSimulator, startSql } from "../../packages/azure-sim/src/sql/index.ts";
import { type Certificate, createCertificate } from "../../packages/azure-sim/src/tls.ts";
import { createWorld, type ServicePrincipal, type World } from "../../packages/azure-sim/src/world.ts";
import type { DatabaseTarget } from "../../src/domain/targets/sqlDatabase.ts";

export interface SqlSandbox {
  readonly world: World;
  readonly faults: Faults;
  readonly simulator: SqlSimulator;
  /** The server's Entra administrator. */
  readonly admin: ServicePrincipal;
  /** Adds a service principal to the world; it has no user in any database yet. */
  addPrincipal(displayName: string): ServicePrincipal;
  token(principal: { clientId: string; principalId: string }, claims?: TokenClaims): Promise<string>;
  /** Connects a driver as that principal; closed with the sandbox. */
  connect(
    principal: ServicePrincipal,
    options?: {
      database?: string;
      encrypt?: true | "strict";
      authentication?: "token" | "credential";
      packetSize?: number;
    },
  ): Promise<sql.ConnectionPool>;
  credential(principal: ServicePrincipal): TokenCredential;
  /** On the simulator's side. */
  openConnections(): number;
  close(): Promise<void>;
}

export interface TokenClaims {
  readonly aud?: string;
  readonly tid?: string;
  readonly exp?: number;
  readonly nbf?: number;
  /** Signs with another key. */
  readonly privateKey?: Parameters<SignJWT["sign"]>[0];
}

export const databaseName = "orders";

let trusted: Promise<Certificate> | undefined;

/**
 * In this process only: full verification stays on, and accepts the simulator's certificate. All sandboxes of a process share
 * one: OpenSSL looks an authority up by its subject, which is the same for all.
 */
function trustedCertificate(): Promise<Certificate> {
  trusted ??= createCertificate().then((made) => {
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), made.certificate]);
    return made;
  });
  return trusted;
}

export async function startSqlSandbox({
  now,
  ...options
}: Partial<SqlOptions> & { now?: () => Date } = {}): Promise<SqlSandbox> {
  const certificate = await trustedCertificate();
  const world = await createWorld(now ? { now } : {});
  const faults = createFaults();
  const addPrincipal = (displayName: string): ServicePrincipal => {
    const principal = { displayName, clientId: randomUUID(), principalId: randomUUID() };
    world.servicePrincipals.set(principal.clientId, principal);
    return principal;
  };
  const admin = addPrincipal("mooring");
  world.sqlServers.set("sql-dev", {
    name: "sql-dev",
    subscriptionId: world.subscriptionId,
    resourceGroup: "data",
    location: "westeurope",
    entraAdmin: { login: "mooring", objectId: admin.principalId },
    canReadDirectory: true,
    databases: new Set([databaseName, "billing"]),
  });
  const simulator = await startSql({ world, faults, tls: certificate }, { server: "sql-dev", ...options });
  const pools: sql.ConnectionPool[] = [];

  const token: SqlSandbox["token"] = async ({ clientId, principalId }, claims = {}) => {
    const seconds = Math.floor(world.now().getTime() / 1000);
    return new SignJWT({ appid: clientId, oid: principalId, tid: claims.tid ?? world.tenantId })
      .setProtectedHeader({ alg: "RS256", kid: world.entraKey.kid, typ: "JWT" })
      .setAudience(claims.aud ?? "https://database.windows.net/")
      .setNotBefore(claims.nbf ?? seconds - 60)
      .setExpirationTime(claims.exp ?? seconds + 3600)
      .sign(claims.privateKey ?? world.entraKey.privateKey);
  };

  const credential: SqlSandbox["credential"] = (principal) => ({
    getToken: async () => ({ token: await token(principal), expiresOnTimestamp: Date.now() + 3_600_000 }),
  });

  return {
    world,
    faults,
    simulator,
    admin,
    addPrincipal,
    token,
    credential,
    openConnections: () => simulator.connections,
    connect: async (principal, settings = {}) => {
      const { database = databaseName, encrypt = true, authentication = "token", packetSize } = settings;
      const pool = new sql.ConnectionPool({
        server: "localhost",
        port: simulator.port,
        database,
        options: {
          encrypt,
          trustServerCertificate: false,
          connectionRetryInterval: 50,
          ...(packetSize !== undefined && { packetSize }),
        },
        authentication:
          authentication === "token"
            ? { type: "azure-active-directory-access-token", options: { token: await token(principal) } }
            : {
                type: "token-credential",
                options: {
                  credential: {
                    getToken: async () => ({
                      token: await token(principal),
                      expiresOnTimestamp: Date.now() + 3_600_000,
                    }),
                  },
                },
              },
        pool: { max: 1 },
      });
      pool.on("error", () => undefined);
      pools.push(pool);
      return pool.connect();
    },
    close: async () => {
      for (const pool of pools) await pool.close().catch(() => undefined);
      await simulator.close();
    },
  };
}

/** The sandbox's server as the catalog would name it. */
export function targetOf({ simulator, world }: SqlSandbox, database: string): DatabaseTarget {
  return {
    server: {
      alias: "sql-dev",
      resourceId: `/subscriptions/${world.subscriptionId}/resourceGroups/data/providers/Microsoft.Sql/servers/sql-dev`,
      host: "localhost",
      port: simulator.port,
      userCreation: "sid",
      databases: {},
    },
    database,
  };
}
