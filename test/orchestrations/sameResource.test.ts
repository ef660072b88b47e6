/** An operator who writes a resource ID with other letters names the same resource: nothing is taken away or given anew. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { admins, createCalmPostgres, createServer, makeItem, type PostgresServer } from "../proof/support/postgres.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { repair, send } from "../support/operations.ts";
import { everyEntry, type WrittenEntry } from "../support/targetEntries.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };

function listing(entry: WrittenEntry): Catalog["targets"] {
  return Catalog.parse({ ...usual, targets: { it: entry } }).targets;
}

describe.each(Object.entries(everyEntry))("%s", (_name, entry) => {
  const request = OnboardingRequest.parse({
    ...namespaceRef,
    targets: [{ target: "it", access: entry.access.slice(0, 1) }],
  });
  let cloud: FakeCloud;
  let server: PostgresServer;

  beforeEach(async () => {
    cloud = createFakeCloud({ targets: listing(entry) });
    server = createServer({ books: ["public", "ledger"] });
    for (const schema of ["public", "ledger"])
      makeItem(server, { database: "books", schema, name: "entries", kind: "TABLES", owner: admins });
    providePorts(Object.assign(cloud.ports, { postgres: createCalmPostgres(server) }));
    expect((await send(cloud.ports, request)).status).toBe("Succeeded");
  });

  const given = () => [...cloud.roleAssignments.keys(), ...cloud.cosmosAccounts.keys(), ...server.rights.keys()];

  it("keeps the access when only the case of its resource ID changes", async () => {
    const before = given();
    expect(before).not.toEqual([]);
    const resourceId = entry.resourceId.replace("/resourceGroups/g/", "/resourcegroups/G/").replace("res1", "Res1");
    const ports = { ...cloud.ports, catalog: { ...cloud.ports.catalog, targets: listing({ ...entry, resourceId }) } };
    providePorts(ports);
    const found = async () => {
      const { clientId, things } = cloud.namespaces.get("aks-dev/team-a") ?? {};
      if (clientId === undefined) throw new Error("it is not onboarded");
      return (await proveNamespace(ports, { request, clientId, things }, "run")).findings.map(({ code }) => code);
    };

    expect(await found()).not.toContain("GRANT_SURPLUS");
    expect((await repair(ports, namespaceRef)).status).toBe("Succeeded");
    expect(given()).toEqual(before);
    expect(await found()).toEqual([]);
  });
});
