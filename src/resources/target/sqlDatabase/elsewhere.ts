/**
 * Where the identity can log in: its users in every database of the catalog, not only in those that a request names. A database
 * that cannot be read now is named, and never fails an operation that does not need it.
 */

import type { Catalog } from "../../../domain/catalog/catalog.ts";
import { type Finding, finding } from "../../../domain/finding.ts";
import { inGroups } from "../../../domain/inGroups.ts";
import type { ClientId } from "../../../domain/naming/identityPair.ts";
import { identityName, type NamespaceRef, namespaceKey } from "../../../domain/naming/names.ts";
import { readMark } from "../../../domain/naming/ownership.ts";
import { sidFromClientId } from "../../../domain/naming/sid.ts";
import type { OnboardingRequest } from "../../../domain/request/request.ts";
import { type DatabaseTarget, everyDatabase, keyOf } from "../../../domain/targets/sqlDatabase.ts";
import type { DatabaseUser } from "../../../ports/databases.ts";
import type { Ports } from "../../../ports/index.ts";
import { list } from "../../definitions/dependants.ts";
import type { Inspection } from "../../definitions/inspection.ts";
import { inTime } from "../../definitions/inTime.ts";
import { describeUser } from "./describeUser.ts";
import { waitsToBeDropped } from "./revocation.ts";

type Looking = Pick<Ports, "catalog" | "databases">;

interface Place {
  readonly key: string;
  readonly target: DatabaseTarget;
}

export interface Reach {
  readonly users: readonly {
    readonly database: string;
    readonly target: DatabaseTarget;
    readonly user: DatabaseUser;
  }[];
  /** The databases that could not be read, each with the reason. */
  readonly unseen: readonly string[];
}

/** Databases read at the same time; each takes a connection. */
const atOnce = 8;

/** `except` are keys of databases that are looked at elsewhere. */
export async function findReach(
  { catalog, databases }: Looking,
  { name, clientId }: { readonly name: string; readonly clientId: ClientId },
  except: ReadonlySet<string> = new Set(),
): Promise<Reach> {
  const sid = sidFromClientId(clientId);
  const places = placesIn(catalog).filter(({ key }) => !except.has(key));
  const users: Reach["users"][number][] = [];
  const unseen: string[] = [];
  await inGroups(places, atOnce, async ({ key, target }) => {
    const seen = await inTime(() => databases.inspect(target, { name, sid }));
    if (typeof seen === "string") unseen.push(`${key} (${seen})`);
    // A user with only the name belongs to an earlier identity, which nobody can be any more; nor can anybody log in without CONNECT.
    // What only waits to be dropped has been named by the operation that left it, and the watch tries again.
    else
      for (const user of seen.users)
        if (user.sid === sid && !user.isDisabled && !isLeft(user)) users.push({ database: key, target, user });
  });
  return {
    users: users.toSorted((a, b) => a.database.localeCompare(b.database)),
    unseen: unseen.toSorted(),
  };
}

function isLeft(user: DatabaseUser): boolean {
  const { roles, permissions, otherPermissions = [] } = user;
  const mark = readMark(user.mark);
  return (
    mark !== undefined &&
    roles.length + permissions.length + otherPermissions.length === 0 &&
    waitsToBeDropped(user, mark)
  );
}

function placesIn(catalog: Catalog): readonly Place[] {
  return everyDatabase(catalog).map((target) => ({
    key: keyOf({ server: target.server.alias, database: target.database }),
    target,
  }));
}

/** What the namespace's requests do not know. The databases that they name are inspected one by one. */
export async function inspectReach(
  ports: Looking,
  { request, earlier }: Pick<Inspection, "request" | "earlier">,
  clientId: ClientId,
): Promise<readonly Finding[]> {
  const { users, unseen } = await findReach(
    ports,
    { name: identityName(request), clientId },
    namedIn(request, earlier),
  );
  const added = users.map(({ database, user }) => {
    const code = isMarkedUser(request, user) ? "GRANT_SURPLUS" : "USER_ADDED";
    return finding(code, database, { field: "user", expected: null, found: describeUser(user) });
  });
  if (unseen.length === 0) return added;
  const found = list(unseen);
  return [...added, finding("USERS_UNSEEN", identityName(request), { field: "users", expected: "readable", found })];
}

/** Of a user that lets the identity in. */
export function isMarkedUser(namespaceRef: NamespaceRef, { mark }: Pick<DatabaseUser, "mark">): boolean {
  return readMark(mark)?.berth === namespaceKey(namespaceRef);
}

/** The databases that the requests name. */
export function namedIn(
  ...requests: readonly (Pick<OnboardingRequest, "databases"> | undefined)[]
): ReadonlySet<string> {
  return new Set(requests.flatMap((each) => each?.databases.map(keyOf) ?? []));
}
