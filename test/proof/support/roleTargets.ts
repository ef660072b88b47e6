/** Targets of a world on which Azure gives roles: each kind's, of which a world has some. */

import type { Dice } from "test-support/random";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { AzureRoleKindName } from "../../../src/domain/targets/azureRoles.ts";
import type { RoleAssignment } from "../../../src/ports/roleAssignments.ts";
import { roleIds } from "./roleKinds.ts";

const providers = "/subscriptions/s/resourceGroups/data/providers";
const storage = `${providers}/Microsoft.Storage/storageAccounts/data`;
const vault = `${providers}/Microsoft.KeyVault/vaults/vault`;
const bus = `${providers}/Microsoft.ServiceBus/namespaces/bus`;

/** Each part, and each resource without one, has the name of its alias. */
export const roleTargets: Catalog["targets"] = Catalog.shape.targets.parse({
  uploads: { kind: "storageBlob", resourceId: storage, container: "uploads", access: ["read", "write"] },
  reports: { kind: "storageBlob", resourceId: storage, container: "reports", access: ["read", "write"] },
  jobs: { kind: "storageQueue", resourceId: storage, queue: "jobs", access: ["send", "receive", "write"] },
  sessions: { kind: "storageTable", resourceId: storage, table: "sessions", access: ["read", "write"] },
  vault: { kind: "keyVaultSecrets", resourceId: vault, access: ["read", "write"] },
  token: { kind: "keyVaultSecrets", resourceId: vault, secret: "token", access: ["read", "write"] },
  invoices: { kind: "serviceBus", resourceId: bus, topic: "invoices", access: ["send", "receive"] },
  paid: { kind: "serviceBus", resourceId: bus, topic: "invoices", subscription: "paid", access: ["receive"] },
  clicks: {
    kind: "eventHubs",
    resourceId: `${providers}/Microsoft.EventHub/namespaces/hubs`,
    ...{ eventHub: "clicks", access: ["send", "receive"] },
  },
  settings: {
    kind: "appConfiguration",
    resourceId: `${providers}/Microsoft.AppConfiguration/configurationStores/settings`,
    access: ["read", "write"],
  },
  gpt: { kind: "openAi", resourceId: `${providers}/Microsoft.CognitiveServices/accounts/gpt`, access: ["use"] },
});

/** Those of one world: as many as a request can name, and one more. */
export function drawRoleTargets(dice: Dice): Catalog["targets"] {
  return Object.fromEntries(dice.shuffle(Object.entries(roleTargets)).slice(0, 4));
}

type Entry = Catalog["targets"][string];
type Held = Pick<RoleAssignment, "scope" | "roleDefinitionId">;

/** The roles that allow it: its own, and one that covers more. */
function rolesThatGive({ kind }: Entry, word: string): readonly string[] {
  const { [word]: own, write } = roleIds[kind as AzureRoleKindName];
  return [own, write].filter((id) => id !== undefined);
}

/** An operator may have moved the resource. */
function isAt([target, { resourceId }]: readonly [string, Entry], { scope }: Held): boolean {
  return scope.startsWith(resourceId) && scope.endsWith(`/${target}`);
}

export function allows(held: Held, [target, entry]: readonly [string, Entry], word: string): boolean {
  return (
    isAt([target, entry], held) && rolesThatGive(entry, word).some((id) => held.roleDefinitionId.endsWith(`/${id}`))
  );
}

/** Whether it is the role that a request for these words gives. */
export function isAskedFor(held: Held, [target, entry]: readonly [string, Entry], access: readonly string[]): boolean {
  const ids = (roleIds as Readonly<Record<string, Readonly<Record<string, string>>>>)[entry.kind] ?? {};
  return isAt([target, entry], held) && access.some((word) => held.roleDefinitionId.endsWith(`/${ids[word]}`));
}
