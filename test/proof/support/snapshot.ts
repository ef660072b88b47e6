/** Everything in a world outside the registry, thing by thing, with its owner. */
import {
  automaticCredential,
  identityBindingName,
  identityName,
  type NamespaceRef,
  namespaceKey,
  secretsQuota,
} from "../../../src/domain/naming/names.ts";
import { adoptedBy, readMark, readMetadata, readRoleMark, readTags } from "../../../src/domain/naming/ownership.ts";
import { isManagedByArm } from "../../../src/resources/kubernetesObject/managedByArm.ts";
import { hasOwnName } from "../../../src/resources/target/azureRole/assignments.ts";
import { print } from "../../support/models/kubernetes.ts";
import { readCosmos } from "./cosmosWorld.ts";
import { hasMark, isMarkOf } from "./furnish.ts";
import { readManaged } from "./managedWorld.ts";
import { isPolicyKind } from "./networkWorld.ts";
import { readPostgres } from "./postgresWorld.ts";
import type { World } from "./world.ts";

export interface Thing {
  /** `identity x`, `user server/database x`, `role target …`, `postgres role …`, `cosmos role …`, `credential x/y`, `object v1 Kind namespace/name`. */
  readonly key: string;
  /** Its whole content, as comparable text. */
  readonly content: string;
  /** The operation, named in the mark, by which Mooring made it for the namespace. */
  readonly madeBy: string | undefined;
  /** Whether it is somebody else's, with an addition of Mooring's. */
  readonly isLent: boolean;
  /** Mooring gave it to an identity that is gone: nobody has it, and whoever meets it may take it away. */
  readonly isDead?: boolean;
  /** It opens nothing, and only waits for the watch to drop it. */
  readonly waits?: boolean;
  /** The undo that removes it or reverts the addition, perhaps with its target; without one, any of these undos does. */
  readonly undo: string;
}

export type Snapshot = ReadonlyMap<string, Thing>;

/** Without what waits to be dropped. */
export function takeSnapshot(world: World, namespaceRef: NamespaceRef): Snapshot {
  return withoutWaiting(takeWhole(world, namespaceRef));
}

export function withoutWaiting(whole: Snapshot): Snapshot {
  return new Map([...whole].filter(([, { waits }]) => waits !== true));
}

export function takeWhole(
  { azure, users, objects, visitors, postgres, rows }: World,
  namespaceRef: NamespaceRef,
): Snapshot {
  const things: Thing[] = [];
  const key = namespaceKey(namespaceRef);
  for (const identity of azure.identities.values()) {
    const owner = readTags(identity.tags);
    things.push({
      key: `identity ${identity.name}`,
      content: contentOf(identity),
      madeBy: owner?.berth === key ? owner.operation : undefined,
      isLent: false,
      undo: "removeIdentity",
    });
  }
  for (const [identity, credentials] of azure.credentials) {
    if (!azure.identities.has(identity)) continue;
    for (const credential of credentials) {
      // Azure makes the automatic one for a binding of Mooring's.
      const isAutomatic = credential.name === automaticCredential;
      const isOurs = identity === identityName(namespaceRef) && (isAutomatic || credential.name.startsWith("mooring-"));
      things.push({
        key: `credential ${identity}/${credential.name}`,
        content: contentOf(credential),
        madeBy: isOurs ? "unknown" : undefined,
        isLent: false,
        undo: isAutomatic ? "unbindIdentity" : "unfederateIdentity",
      });
    }
  }
  for (const [ref, binding] of azure.bindings) {
    things.push({
      key: `binding ${ref}`,
      content: contentOf(binding),
      madeBy: binding.name === identityBindingName(namespaceRef) ? "unknown" : undefined,
      isLent: false,
      undo: "unbindIdentity",
    });
  }
  for (const [database, inDatabase] of users) {
    for (const user of inDatabase.values()) {
      const mark = readMark(user.mark);
      const isOurs = isMarkOf(mark, namespaceRef);
      const isEmpty = Object.keys(mark?.grants ?? {}).length === 0;
      things.push({
        key: `user ${database} ${user.name}`,
        content: contentOf(user, () => ({
          ...user,
          roles: user.roles.toSorted(),
          permissions: user.permissions.toSorted(),
        })),
        madeBy: isOurs ? (mark.operation ?? undefined) : undefined,
        isLent: isOurs && mark.operation === null,
        // The next revocation shuts it.
        isDead: isOurs && isEmpty && user.ownedSchemas.length > 0,
        waits: isOurs && user.isDisabled === true && user.ownedSchemas.length > 0 && isEmpty,
        undo: `revokeDatabase ${database}`,
      });
    }
  }
  const own = azure.identities.get(identityName(namespaceRef));
  const living = new Set<string>([...azure.identities.values()].map(({ principalId }) => principalId));
  for (const assignment of azure.roleAssignments.values()) {
    const { id, scope, roleDefinitionId, principalId } = assignment;
    const isOurs = hasMark(assignment, namespaceRef, own?.principalId);
    const target = scope.split("/").at(-1) ?? "";
    const mark = readRoleMark(assignment.description);
    const isMarked = mark?.berth === key;
    // Nobody has what a copied mark, of whatever namespace, gave to an identity that is gone, where no request has a target.
    if (mark && !isOurs && !living.has(principalId) && scope.split("/").length <= 9) continue;
    things.push({
      key: `role ${target} ${roleDefinitionId.split("/").at(-1)} ${principalId} ${id.split("/").at(-1)}`,
      content: contentOf(assignment),
      madeBy: isOurs ? mark?.operation : undefined,
      isLent: false,
      isDead: isOurs && !living.has(principalId),
      undo: isMarked && !hasOwnName(assignment) ? "removeRoles" : `revokeTarget ${target}`,
    });
  }
  things.push(...readPostgres(postgres, { namespaceRef, living, isRemembered: remembers(rows, namespaceRef) }));
  things.push(...readCosmos(azure.cosmosAccounts, { namespaceRef, living }));
  things.push(...readManaged(azure.managed, namespaceRef));
  for (const [ref, stored] of objects) {
    // Workloads are ignored here: they come and go as their team deploys them. What visitors bring is checked by itself.
    if (stored.goodbyes !== undefined || stored.ref.kind === "Pod" || visitors.brought.has(ref)) continue;
    const object = print(stored);
    const owner = readMetadata(object.metadata);
    things.push({
      key: `object ${ref}`,
      content: contentOf(stored, () => object),
      // What Azure manages is Azure's, whoever made it.
      madeBy: owner?.berth === key && !isManagedByArm(object) ? owner.operation : undefined,
      isLent: adoptedBy(object.metadata)?.berth === key,
      undo: stored.ref.name === secretsQuota ? "removeNamespace" : undoOf(stored.ref.kind),
    });
  }
  return new Map(things.map((thing) => [thing.key, thing]));
}

function undoOf(kind: string): string {
  if (kind === "ServiceAccount") return "removeServiceAccount";
  if (kind.startsWith("ClusterRole")) return "withdrawIdentityUse";
  if (kind === "ResourceQuota" || kind === "LimitRange" || isPolicyKind(kind)) return "removeProfile";
  return kind.startsWith("AzureIdentity") ? "removePodIdentity" : "removeNamespace";
}

/** Things in a world are replaced and never mutated, so each needs to be read only once. */
const contents = new WeakMap<object, string>();

function contentOf(thing: object, show: () => object = () => thing): string {
  const known = contents.get(thing);
  if (known !== undefined) return known;
  const content = sorted(show());
  contents.set(thing, content);
  return content;
}

/** Makes the order of fields irrelevant. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** Whether the watch will tidy up what is left of the namespace. */
export function remembers(rows: World["rows"], { cluster, namespace }: NamespaceRef): boolean {
  return [...(rows.get("MooringRemains")?.keys() ?? [])].some((key) => key.startsWith(`${cluster}:${namespace}\n`));
}
