/** What the family of SQL databases decides, with the changes that its writes make; none of them is made. */
import type { UserChange } from "../../../../src/ports/databases.ts";
import type { Ports } from "../../../../src/ports/index.ts";
import { recallOf } from "../../../../src/resources/definitions/recordedMark.ts";
import type { Decision, Granting, Revoking, TargetAt } from "../../../../src/resources/definitions/targetFamily.ts";
import { sqlDatabaseAt } from "../../../../src/resources/target/sqlDatabase/family.ts";
import { databasePlace } from "../../../../src/resources/target/sqlDatabase/place.ts";
import type { FakeCloud } from "../../../support/fakeCloud.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const target = "sql-dev/orders";

async function decided(cloud: FakeCloud, plan: (at: TargetAt<string>, ports: Ports) => Promise<Decision>) {
  const changes: UserChange[] = [];
  const change: Ports["databases"]["change"] = async (_target, made) => void changes.push(...made);
  const ports = { ...cloud.ports, databases: { ...cloud.ports.databases, change } };
  const { action, differences, conflict, writes } = await plan(
    sqlDatabaseAt(databasePlace(ports.catalog, target)),
    ports,
  );
  for (const write of writes) await write();
  return { plan: { action, differences }, conflict, changes };
}

export async function grantedBy(
  cloud: FakeCloud,
  input: Omit<Granting<string>, "namespaceRef" | "target" | "recordedMark" | "judge" | "isFirst"> & {
    readonly adoptIdentity?: string;
  },
) {
  const { adoptIdentity, ...asked } = input;
  const about = {
    namespaceRef,
    target,
    ...recallOf(cloud.ports, namespaceRef, { identity: input.identity, adoptIdentity }),
  };
  return await decided(cloud, (at, ports) =>
    at.planGrant(ports, { ...about, ...asked, isFirst: input.permit.isFirst }),
  );
}

/** `keep`: the roles that stay. */
export async function revokedBy(cloud: FakeCloud, keep: readonly string[], granted?: Revoking["granted"]) {
  const about = { namespaceRef, target, ...recallOf(cloud.ports, namespaceRef, { withoutRecord: "ours" }) };
  return await decided(cloud, (at, ports) =>
    at.planRevocation(ports, { ...about, keep, keepsResource: false, granted }),
  );
}
