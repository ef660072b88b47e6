/** Places in one Cosmos DB account, of which one is in the other. What holds of each: test/families. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { send } from "../support/operations.ts";

const resourceId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos1";
const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };

describe("a database that the catalog drops, around the container that a change asks for instead", () => {
  const of = (targets: Readonly<Record<string, object>>) => Catalog.parse({ ...usual, targets });
  const entry = { kind: "cosmosNoSql", resourceId, access: ["read", "write"], database: "shop" };
  const shop = OnboardingRequest.parse({ ...namespaceRef, targets: [{ target: "shop", access: ["write"] }] });
  const carts = OnboardingRequest.parse({ ...namespaceRef, targets: [{ target: "carts", access: ["write"] }] });
  const without = of({ carts: { ...entry, container: "carts" } });

  let cloud: FakeCloud;
  beforeEach(async () => {
    cloud = createFakeCloud({ targets: of({ shop: entry }).targets });
    providePorts(cloud.ports);
    await send(cloud.ports, shop);
  });

  function restarted(changes: object = {}) {
    const ports = { ...cloud.ports, ...changes, catalog: { ...cloud.ports.catalog, targets: without.targets } };
    providePorts(ports);
    return ports;
  }
  const scopes = () => [...cloud.cosmosAccounts.values()].map(({ scope }) => scope);

  it("is not access beyond what is asked for, and goes in the end", async () => {
    expect(await send(restarted(), carts)).toMatchObject({ status: "Succeeded" });
    expect(scopes()).toEqual(["/dbs/shop/colls/carts"]);
  });

  it("keeps no change from being undone: the ConfigMap names it again", async () => {
    const { cosmosRoles } = cloud.ports;
    const put = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "refused"));
    const changed = await send(restarted({ cosmosRoles: { ...cosmosRoles, assign: put } }), carts);

    expect(changed).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
    expect(changed.leftUndone).toBeUndefined();
    const data = cloud.objects.get("v1 ConfigMap team-a/mooring-databases")?.["data"];
    expect(data).toHaveProperty("TARGETS", expect.stringContaining('"shop"'));
  });
});
