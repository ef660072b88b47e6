/** Everything that an identity can reach, in words, for an operator who has to decide about it. */
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import type { Berth } from "../../domain/naming/names.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import { describeUser } from "../sqlUser/describeUser.ts";
import { findReach, type Reach } from "../sqlUser/elsewhere.ts";
import { describeRole, findRoles } from "./roles.ts";

type Looking = Pick<Ports, "catalog" | "databases" | "identities" | "roleAssignments">;

export async function describeReach(ports: Looking, identity: ManagedIdentity, berth: Berth): Promise<string> {
  const cluster = findCluster(ports.catalog, berth.cluster);
  const [{ users, unseen }, roles, credentials] = await Promise.all([
    findReach(ports, identity),
    findRoles(ports, cluster, identity),
    ports.identities.federatedCredentials(identityRef(ports.catalog, berth)),
  ]);
  const parts = [
    ["users", users.map(describeUserIn)],
    ["roles", roles.given.map(describeRole)],
    ["federated credentials", credentials.map(({ subject, issuer }) => `${subject} from ${issuer}`)],
  ] as const;
  const sentences = parts.map(([what, found]) => `${what}: ${list(found) || "none"}`);
  const hidden = [...unseen, ...roles.unseen];
  return `It has ${sentences.join("; ")}.${hidden.length > 0 ? ` Mooring could not look at ${list(hidden)}.` : ""}`;
}

export function describeUserIn({ database, user }: Reach["users"][number]): string {
  return `${describeUser(user)} in ${database}`;
}
