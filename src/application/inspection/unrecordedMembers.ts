/**
 * Members of Mooring's own database roles that no record knows: a principal that may change the members of a role can add itself, and
 * that is Mooring, too. An operator removes them: docs/runbook.md says why Mooring does not.
 */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { identityName, namespaceKey } from "../../domain/naming/names.ts";
import { readMark, type UserMark } from "../../domain/naming/ownership.ts";
import { quoteName } from "../../domain/naming/quoteName.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import { isHeld, requestsOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type DatabaseTarget, everyDatabase, keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { RoleMember } from "../../ports/databases.ts";
import type { Ports } from "../../ports/index.ts";
import { isUnreadable, namespacePages } from "../../resources/definitions/namespacePages.ts";
import { sidOf } from "../../resources/target/sqlDatabase/knownMark.ts";

type Looking = Pick<Ports, "catalog" | "databases" | "registry">;

export interface UnrecordedMember extends Omit<RoleMember, "mark"> {
  /** `server/database` */
  readonly database: string;
  readonly mark: UserMark | undefined;
}

export interface UnrecordedMembers {
  readonly members: readonly UnrecordedMember[];
  /** The databases that could not be read, each with the reason. */
  readonly unseen: readonly string[];
}

export async function findUnrecordedMembers(ports: Looking): Promise<UnrecordedMembers> {
  const members: UnrecordedMember[] = [];
  const unseen: string[] = [];
  for (const target of everyDatabase(ports.catalog)) {
    const database = keyOf({ server: target.server.alias, database: target.database });
    try {
      members.push(...(await unrecordedIn(ports, target, database)));
    } catch (error) {
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      unseen.push(`${database} (${error.code})`);
    }
  }
  return { members, unseen };
}

async function unrecordedIn(
  ports: Looking,
  target: DatabaseTarget,
  database: string,
): Promise<readonly UnrecordedMember[]> {
  const members = await ports.databases.ownRoleMembers(target);
  if (members.length === 0) return [];
  // A record is written before anything is given, so records are read after the members.
  const known = await knownIn(ports, database);
  const strangers = members.filter((member) => !known(member));
  if (strangers.length === 0) return [];
  // An offboarding may have ended since the members were read.
  const current = await ports.databases.ownRoleMembers(target);
  const isThere = ({ role, sid }: RoleMember) => current.some((each) => each.role === role && each.sid === sid);
  return strangers.filter(isThere).map((member) => ({ ...member, database, mark: readMark(member.mark) }));
}

async function knownIn(ports: Looking, database: string): Promise<(member: RoleMember) => boolean> {
  const sids = new Set<string>();
  const held = new Set<string>();
  const unreadable: string[] = [];
  for await (const page of namespacePages(ports)) {
    for (const record of page.value) {
      // Its operation decides about its users.
      if (isHeld(record)) held.add(identityName(record)).add(namespaceKey(record));
      for (const sid of sidsOf(record, database)) sids.add(sid);
    }
    unreadable.push(...(page.unreadable ?? []));
  }
  return ({ member, sid, mark }) => {
    const key = readMark(mark)?.berth;
    const isHeldNow = held.has(member) || (key !== undefined && held.has(key));
    const isUnknown = key !== undefined && isUnreadable(unreadable, key);
    return sids.has(sid) || isHeldNow || isUnknown;
  };
}

/** The SIDs that the namespace's users may have in the database. */
function sidsOf(record: NamespaceRecord, database: string): readonly string[] {
  const { clientId, things = [] } = record;
  const isAsked = requestsOf(record).some(({ databases }) => databases.some((each) => keyOf(each) === database));
  return [
    ...(clientId !== undefined && isAsked ? [sidFromClientId(clientId)] : []),
    ...things.flatMap(({ thing, id }) => (thing === database ? [sidOf(id)] : [])),
  ];
}

/** What it is, and what removes it once somebody knows how it got there. */
export function describeMember({ database, role, member, isSelf }: UnrecordedMember): string {
  const who = isSelf ? `Mooring's own user ${member}` : `${member}, which no record knows,`;
  const statement = `ALTER ROLE ${quoteName(role)} DROP MEMBER ${quoteName(member)}`;
  return `In ${database} ${who} is in Mooring's role ${role}. Take it out: \`${statement}\` (docs/runbook.md).`;
}
