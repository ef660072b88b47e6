import { beforeEach, expect, it } from "vitest";
import { identityName } from "../../../../src/domain/naming/names.ts";
import { printMark } from "../../../../src/domain/naming/ownership.ts";
import { createFakeCloud, type FakeCloud } from "../../../support/fakeCloud.ts";
import { newPair } from "../../../support/ids.ts";
import { revokedBy } from "./decided.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const user = identityName(namespaceRef);

let cloud: FakeCloud;
/** Mooring granted db_datawriter and EXECUTE; somebody else revoked EXECUTE. */
beforeEach(() => {
  cloud = createFakeCloud();
  const grants = { db_datareader: "o", db_datawriter: "o", EXECUTE: "o" };
  const mark = printMark({ berth: "aks-dev/team-a", operation: "o", grants });
  const roles = ["db_datareader", "db_datawriter"];
  cloud.users
    .get("sql-dev/orders")
    ?.set(user, { ...{ name: user, type: "E", sid: "0xAB" }, roles, permissions: [], ownedSchemas: [], mark });
});

const left = printMark({ berth: "aks-dev/team-a", operation: "o", grants: { db_datareader: "o" } });

it("revokes what the user still has, and removes from the mark what somebody else revoked", async () => {
  const { plan, changes } = await revokedBy(cloud, ["reader"]);

  expect(plan).toMatchObject({
    action: "update",
    differences: [{ field: "db_datawriter", current: "granted", desired: null }],
  });
  expect(changes).toEqual([
    { kind: "removeRole", user, role: "db_datawriter" },
    { kind: "mark", user, mark: left },
  ]);
});

it("plans for the user that the change recreates, which gets no more than it held", async () => {
  const now = await revokedBy(cloud, ["writer"]);
  const then = await revokedBy(cloud, ["writer"], { to: newPair() });

  expect(now.plan).toMatchObject({ action: "update", differences: [] });
  expect(then.plan).toMatchObject({ action: "none", differences: [] });
});
