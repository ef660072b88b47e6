/** A PostgreSQL server of the simulated cloud, with an administrator and tables, for the tests of its wire and of its client. */
import { Client, type ClientConfig } from "pg";
import { sayNotRun } from "../../../../test/support/notRun.ts";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults } from "../../src/faults.ts";
import { audience } from "../../src/postgres/authentication.ts";
import { startPostgres } from "../../src/postgres/index.ts";
import { findPackage } from "../../src/postgres/program.ts";
import { createCertificate } from "../../src/tls.ts";
import { createWorld, type ServicePrincipal } from "../../src/world.ts";

export function hasPostgres(what: string): boolean {
  if (findPackage() !== undefined) return true;
  sayNotRun(`${what}: npm has installed no PostgreSQL for ${process.platform}-${process.arch}`);
  return false;
}

export type PostgresFixture = Awaited<ReturnType<typeof startFixture>>;

export async function startFixture() {
  const [world, tls] = await Promise.all([createWorld(), createCertificate()]);
  const faults = createFaults();
  const addPrincipal = (displayName: string): ServicePrincipal => {
    const principal = { displayName, clientId: crypto.randomUUID(), principalId: crypto.randomUUID() };
    world.servicePrincipals.set(principal.clientId, principal);
    return principal;
  };
  const mooring = addPrincipal("mooring");
  world.postgresServers.set("pg-dev", {
    entraAdmins: [{ login: "mooring", objectId: mooring.principalId }],
    databases: new Map([
      ["orders", ["public", "sales"]],
      ["other", ["public"]],
    ]),
  });
  const simulator = await startPostgres({ world, faults, tls }, { server: "pg-dev" });
  const tokenOf = (principal: ServicePrincipal, of = audience, lifetimeSeconds = 3_600) =>
    mintAccessToken(world, principal, of, { lifetimeSeconds });
  return {
    world,
    tls,
    faults,
    simulator,
    mooring,
    addPrincipal,
    tokenOf,
    /** What an application does: its role's name, and a token in place of the password. */
    async logIn(user: string, password: string, options: ClientConfig = {}): Promise<Client> {
      const client = new Client({
        host: "localhost",
        port: simulator.port,
        database: "orders",
        ssl: { ca: tls.certificate },
        user,
        password,
        ...options,
      });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
  };
}
