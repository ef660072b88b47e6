/** Everything that an identity can reach, in words, for an operator who has to decide about it. */
import { identityRef } from "../../domain/catalog/clusters.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import { describeReached, findTargetReach } from "../target/reach.ts";
import { describeUser } from "../target/sqlDatabase/describeUser.ts";
import { findReach, type Reach } from "../target/sqlDatabase/elsewhere.ts";
import { describeRole, findRoles } from "./roles.ts";

export async function describeReach(
  ports: Ports,
  identity: ManagedIdentity,
  namespaceRef: NamespaceRef,
): Promise<string> {
  const [{ users, unseen }, roles, targets, credentials] = await Promise.all([
    findReach(ports, identity),
    findRoles(ports, identity),
    findTargetReach(ports, { namespaceRef, principalId: identity.principalId }),
    ports.identities.federatedCredentials(identityRef(ports.catalog, namespaceRef)),
  ]);
  const parts = [
    ["users", users.map(describeUserIn)],
    [`roles in subscriptions ${list(roles.subscriptions) || "(none)"}`, roles.given.map(describeRole)],
    ["other targets", targets.reached.map(describeReached)],
    ["federated credentials", credentials.map(({ subject, issuer }) => `${subject} from ${issuer}`)],
  ] as const;
  const sentences = parts.map(([what, found]) => `${what}: ${list(found) || "none"}`);
  const hidden = [...unseen, ...roles.unseen, ...targets.unseen];
  return `It has ${sentences.join("; ")}.${hidden.length > 0 ? ` Mooring could not look at ${list(hidden)}.` : ""}`;
}

export function describeUserIn({ database, user }: Pick<Reach["users"][number], "database" | "user">): string {
  return `${describeUser(user)} in ${database}`;
}
