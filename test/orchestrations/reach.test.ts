/** What the identity reaches beyond its request: a verification looks in every database of the catalog, and at its roles. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../src/ports/databases.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { operate } from "../support/operations.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const name = identityName(request);
const server = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-dev";

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

function record() {
  const found = cloud.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("it is not onboarded");
  return found;
}

async function findings(ports: Ports = cloud.ports) {
  const found = await inspectNamespace(ports, inspectionOf(record()));
  return found.map(({ code, target, found: what }) => [code, target, what]);
}

function giveUser(called: string) {
  const sid = sidFromClientId(clientIdOf(record().clientId ?? ""));
  const user: DatabaseUser = {
    ...{ name: called, type: "E", sid, permissions: ["EXECUTE"], ownedSchemas: [], mark: undefined },
    roles: ["db_datawriter"],
  };
  cloud.users.get("sql-dev/orders")?.set(called, user);
}

function giveRole(scope: string) {
  const principalId = cloud.identities.get(name)?.principalId ?? "";
  const roleDefinitionId = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/reader";
  assign(cloud, { id: `${scope}/assignment`, roleDefinitionId, principalId, scope });
}

describe("a verification", () => {
  it.each([name, "other"])("finds a user %s of the identity in a database that no request names", async (called) => {
    await operate(cloud, "onboard", request);
    giveUser(called);

    expect(await findings()).toEqual([["USER_ADDED", "sql-dev/orders", `${called} (EXECUTE, db_datawriter)`]]);
  });

  it("fails a repair that leaves such a user", async () => {
    await operate(cloud, "onboard", request);
    giveUser(name);

    const { operation } = await operate(cloud, "repair", request);

    expect(operation).toMatchObject({ status: "Failed", error: { code: "VERIFICATION_FAILED" } });
    expect(operation.error?.message).toContain(`sql-dev/orders: user is ${name} (EXECUTE, db_datawriter)`);
  });

  it("only warns when a database that no request names cannot be read, and names it with the reason", async () => {
    const { inspect } = cloud.ports.databases;
    const error = new TransientError("SQL_UNAVAILABLE", "no answer");
    const databases: Ports["databases"] = {
      ...cloud.ports.databases,
      inspect: (target, user) => (target.database === "orders" ? Promise.reject(error) : inspect(target, user)),
    };
    providePorts({ ...cloud.ports, databases });

    const { operation } = await operate(cloud, "onboard", request);

    expect(operation.status).toBe("Succeeded");
    expect(record().findings).toMatchObject([{ code: "USERS_UNSEEN", found: "sql-dev/orders (SQL_UNAVAILABLE)" }]);
  });

  it("warns of a role that somebody gave the identity, and fails for one on a server of the catalog", async () => {
    await operate(cloud, "onboard", request);
    giveRole("/subscriptions/s/resourceGroups/rg-logs");
    expect(await findings()).toEqual([["ROLE_ADDED", name, "reader at /subscriptions/s/resourceGroups/rg-logs"]]);

    giveRole(`${server}/databases/orders`);

    expect(await findings()).toContainEqual(["ROLE_ON_TARGET", name, `reader at ${server}/databases/orders`]);
  });

  it("says where it may not read role assignments", async () => {
    await operate(cloud, "onboard", request);
    giveRole(server);
    const givenTo = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "roleAssignments/read"));
    const roleAssignments = { ...cloud.ports.roleAssignments, givenTo };

    const found = await findings({ ...cloud.ports, roleAssignments });

    expect(found).toEqual([
      ["ROLE_ON_TARGET", name, `reader at ${server}`],
      ["ROLES_UNSEEN", name, "/subscriptions/22222222-2222-4222-8222-222222222222"],
    ]);
  });
});
