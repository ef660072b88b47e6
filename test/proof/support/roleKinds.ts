/** Of every kind on which Azure gives roles: what proofs ask for, and which roles that is, from Azure's own list of built-in roles. */

import type { Dice } from "test-support/random";
import { type AzureRoleKindName, azureRoleKindNames } from "../../../src/domain/targets/azureRoles.ts";
import type { TargetRequest } from "../../../src/domain/targets/namedTarget.ts";

/** The GUID of the role that a word means. */
export const roleIds: { readonly [K in AzureRoleKindName]: Readonly<Record<string, string>> } = {
  storageBlob: { read: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", write: "ba92f5b4-2d11-453d-a403-e96b0029c9fe" },
  storageQueue: {
    send: "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    receive: "8a0f0c08-91a1-4084-bc3d-661d67233fed",
    write: "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
  },
  storageTable: { read: "76199698-9eea-4c19-bc75-cec21354c6b6", write: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3" },
  keyVaultSecrets: { read: "4633458b-17de-408a-b874-0445c86b69e6", write: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7" },
  serviceBus: { send: "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", receive: "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0" },
  eventHubs: { send: "2b629674-e913-4c01-ae53-ef4638d8f975", receive: "a638d3c7-ab3a-418d-83e6-5f17a39d4fde" },
  appConfiguration: { read: "516239f1-63e1-4d78-a4de-a74fb236a071", write: "5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b" },
  openAi: { use: "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd" },
};

export interface RoleAccess {
  readonly access: TargetRequest["access"];
  /** Those that give as much, in the order of their GUIDs. */
  readonly roles: readonly string[];
}

/** What most requests of a proof ask for. */
export function narrow(kind: AzureRoleKindName): RoleAccess {
  const [word = "use"] = wordsOf(kind);
  return { access: [word], roles: idsOf(kind, [word]) };
}

/** More of it, where the kind has more: `write` covers `read`, and neither of `send` and `receive` the other. */
export function wide(kind: AzureRoleKindName): RoleAccess {
  const words = wordsOf(kind);
  return { access: words, roles: idsOf(kind, words.includes("write") ? ["write"] : words) };
}

function wordsOf(kind: AzureRoleKindName): TargetRequest["access"] {
  return Object.keys(roleIds[kind]) as TargetRequest["access"];
}

function idsOf(kind: AzureRoleKindName, words: readonly string[]): readonly string[] {
  return words.map((word) => roleIds[kind][word] ?? "").toSorted();
}

/** Each namespace that asks has three kinds: those whose turn it is, so that three have them all. */
export function createTurns(dice: Dice): (namespace: string) => readonly AzureRoleKindName[] {
  const all = dice.shuffle(azureRoleKindNames);
  const given = new Map<string, readonly AzureRoleKindName[]>();
  return (namespace) => {
    const from = 3 * given.size;
    const kinds = given.get(namespace) ?? [...all, ...all].slice(from % all.length).slice(0, 3);
    given.set(namespace, kinds);
    return kinds;
  };
}
