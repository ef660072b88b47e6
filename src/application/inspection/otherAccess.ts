/**
 * Who else reaches a target. The target is read when somebody asks, and so are all records: which identities are the namespaces' only
 * these know.
 */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { identityName, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import { isHeld, requestsOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { describeCode } from "../../domain/operation/plan.ts";
import { placeOf } from "../../domain/targets/namedTarget.ts";
import { everyDatabase, keyOf } from "../../domain/targets/sqlDatabase.ts";
import { keysIn } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";
import { isUnreadable, namespacePages } from "../../resources/definitions/namespacePages.ts";
import type { OtherAccess, Owner, Owners } from "../../resources/definitions/otherAccess.ts";
import { targetAt } from "../../resources/target/families.ts";
import { sidOf } from "../../resources/target/sqlDatabase/knownMark.ts";
import { othersInDatabase } from "../../resources/target/sqlDatabase/otherAccess.ts";

export interface OthersAt {
  readonly others: readonly OtherAccess[];
  /** Why the target could not be read. */
  readonly error?: OperationError;
}

/** A target that the catalog lists; undefined for any other. */
export function findReadable(catalog: Ports["catalog"], target: string): Readable | undefined {
  const database = everyDatabase(catalog).find(
    (each) => keyOf({ server: each.server.alias, database: each.database }) === target,
  );
  if (database) return { kind: "database", read: (ports, owners) => othersInDatabase(ports, database, owners) };
  const entry = lookUp(catalog.targets, target);
  if (!entry) return undefined;
  return {
    kind: "target",
    read: (ports, owners) => targetAt(placeOf(entry)).others(ports, { target, owners }),
  };
}

export interface Readable {
  readonly kind: string;
  readonly read: (ports: Ports, owners: Owners) => Promise<readonly OtherAccess[]>;
}

export async function readOthers(ports: Ports, target: string, { read }: Readable): Promise<OthersAt> {
  try {
    const found = await read(ports, await readOwners(ports, target));
    return { others: found.toSorted((a, b) => a.name.localeCompare(b.name)) };
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    return { others: [], error: describeCode(error.code, error.message) };
  }
}

async function readOwners(ports: Pick<Ports, "registry">, target: string): Promise<Owners> {
  const bySid = new Map<string, Owner>();
  const byPrincipal = new Map<string, Owner>();
  const unsure = new Set<string>();
  const unreadable: string[] = [];
  for await (const page of namespacePages(ports)) {
    for (const record of page.value) {
      // Its identity is another namespace's, and so is all that it can reach.
      if (isGuest(record.request)) continue;
      const owner = ownerIn(record, target);
      const principalId = principalIdIn(record);
      for (const sid of sidsIn(record, target)) bySid.set(sid, owner);
      if (principalId !== undefined) byPrincipal.set(principalId.toLowerCase(), owner);
      // Its operation decides about what it gives.
      if (isHeld(record) || principalId === undefined) unsure.add(namespaceKey(record));
    }
    unreadable.push(...(page.unreadable ?? []));
  }
  return {
    bySid: (sid) => bySid.get(sid),
    byPrincipalId: (principalId) => byPrincipal.get(principalId.toLowerCase()),
    isUnsure: (key) => unsure.has(key) || isUnreadable(unreadable, key),
  };
}

function ownerIn(record: NamespaceRecord, target: string): Owner {
  const { cluster, namespace, team, things = [] } = record;
  const hasTarget = requestsOf(record).some((request) => keysIn(request).includes(target));
  return { namespaceRef: { cluster, namespace }, team, hasTarget, things };
}

/** As of the last look at the namespace. */
function principalIdIn({ things = [], ...namespaceRef }: NamespaceRecord): string | undefined {
  return things.find(({ thing }) => thing === identityName(namespaceRef))?.id;
}

function sidsIn({ clientId, things = [] }: NamespaceRecord, target: string): readonly string[] {
  return [
    ...(clientId === undefined ? [] : [sidFromClientId(clientId)]),
    ...things.flatMap(({ thing, id }) => (thing === target ? [sidOf(id)] : [])),
  ];
}
