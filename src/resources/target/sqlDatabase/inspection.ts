/** Reading the SQL user back. */
import { PermanentError, TransientError } from "../../../domain/errors.ts";
import { type Finding, type FindingCode, finding } from "../../../domain/finding.ts";
import { identityName, namespaceKey } from "../../../domain/naming/names.ts";
import { readMark } from "../../../domain/naming/ownership.ts";
import { sidFromClientId } from "../../../domain/naming/sid.ts";
import {
  type DatabaseRole,
  denialsOf,
  fixedInsteadOf,
  grantsOf,
  ownRoleNamed,
  printPermissions,
} from "../../../domain/targets/databaseRoles.ts";
import type { DatabaseState, DatabaseUser } from "../../../ports/databases.ts";
import type { Ports } from "../../../ports/index.ts";
import type { Inspecting } from "../../definitions/targetFamily.ts";
import { describeUser } from "./describeUser.ts";
import { userId } from "./knownMark.ts";
import { type DatabasePlace, reach } from "./place.ts";
import { asCataloged, circumstancesOf } from "./way.ts";

type Looking = Pick<Ports, "databases" | "sqlServers">;
type Input = Inspecting<DatabaseRole>;

/** Every user of the identity, where the catalog no longer has the database. */
export async function describeUsers(
  ports: Looking,
  place: DatabasePlace,
  { namespaceRef, clientId }: Pick<Input, "namespaceRef" | "clientId">,
): Promise<string> {
  const sought = { name: identityName(namespaceRef), sid: sidFromClientId(clientId) };
  try {
    const { users } = await reach(ports, place, (target) => ports.databases.inspect(target, sought));
    return users.length === 0 ? "no user" : users.map(describeUser).join("; ");
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    return `cannot be read (${error.code}): the user may still be there`;
  }
}

export async function inspectUser(
  ports: Looking,
  place: DatabasePlace,
  { namespaceRef, target, access, clientId, note }: Input,
): Promise<readonly Finding[]> {
  const name = identityName(namespaceRef);
  const sid = sidFromClientId(clientId);
  const state = await reach(ports, place, async (at) =>
    asCataloged(at, await ports.databases.inspect(at, { name, sid })),
  );
  const { users } = state;
  const user = users.find((each) => each.name === name);
  const others = users.filter((each) => each !== user && each.sid === sid);
  if (!user) {
    const [namesake] = others;
    return [
      namesake
        ? finding("USER_RENAMED", target, { field: "user", expected: name, found: namesake.name })
        : finding("USER_MISSING", target, { field: "user", expected: name, found: null }),
    ];
  }
  const mark = readMark(user.mark) && user.mark;
  note({ thing: target, id: userId(user), mark, field: "extended property mooring" });
  const findings: Finding[] = others.map((other) =>
    finding("USER_ADDED", target, { field: "user", expected: null, found: describeUser(other) }),
  );
  if (user.isDisabled && !user.roles.includes("db_owner")) {
    findings.push(finding("USER_DISABLED", target, { field: "CONNECT", expected: "granted", found: null }));
  }
  if (user.sid !== sid) {
    findings.push(finding("USER_SID_STALE", target, { field: "sid", expected: sid, found: user.sid }));
  }
  return [...findings, ...compareRights(target, user, { state, access, key: namespaceKey(namespaceRef) })];
}

interface Compared {
  readonly state: DatabaseState;
  readonly access: readonly DatabaseRole[];
  readonly key: string;
}

function compareRights(target: string, user: DatabaseUser, compared: Compared): readonly Finding[] {
  const { access, key } = compared;
  const desired = namesOf(user, compared);
  const held = [...user.roles, ...user.permissions];
  const { otherPermissions = [] } = user;
  const isBroken = (each: string) => denialsOf(access).has(each.replace(/^DENY /, ""));
  const denials = [...user.roles, ...otherPermissions].filter(isBroken);
  const extra = otherPermissions.filter((each) => !denials.includes(each) && each !== "DENY CONNECT");
  const mark = readMark(user.mark);
  const isOurs = mark?.berth === key;
  const missing = desired
    .filter((name) => !held.includes(name))
    .map((name) => finding("GRANT_MISSING", target, { field: name, expected: "granted", found: null }));
  const more = held
    .filter((name) => !desired.includes(name) && !denials.includes(name))
    .map((name) =>
      isOurs && name in mark.grants
        ? finding("GRANT_SURPLUS", target, { field: name, expected: null, found: "granted by Mooring" })
        : finding("GRANT_ADDED", target, { field: name, expected: null, found: "granted by somebody else" }),
    );
  const others = [
    ...summarize(
      "GRANT_ADDED",
      target,
      extra.filter((each) => !each.startsWith("DENY ")),
    ),
    ...summarize(
      "DENY_ADDED",
      target,
      extra.filter((each) => each.startsWith("DENY ")),
    ),
  ];
  const schemas = user.ownedSchemas.map((schema) =>
    finding("SCHEMA_OWNED", target, { field: "schema", expected: null, found: schema }),
  );
  return [
    ...missing,
    ...compareWay(target, user, compared),
    ...compareRoles(target, desired, compared),
    ...denials.map((each) => finding("GRANT_DENIED", target, denied(each))),
    ...more,
    ...others,
    ...schemas,
  ];
}

/** The roles and permissions that should give the user what was asked for; `moves`: after a repair. */
function namesOf(user: DatabaseUser, { state, access, key }: Compared, moves = false): readonly string[] {
  const mark = readMark(user.mark);
  const having = { user, mark: mark?.berth === key ? mark : undefined, moves };
  return grantsOf(access, circumstancesOf(state, having)).map(({ name }) => name);
}

/** What Mooring gave by fixed roles before the database had Mooring's own. */
function compareWay(target: string, user: DatabaseUser, compared: Compared): readonly Finding[] {
  const now = namesOf(user, compared);
  const moved = namesOf(user, compared, true).filter((name) => !now.includes(name));
  return moved.map((field) => {
    const found = fixedInsteadOf(field)
      .map(({ name }) => name)
      .join(", ");
    return finding("GRANT_BY_FIXED_ROLE", target, { field, expected: "granted", found });
  });
}

/** Whoever owns the database may have changed what Mooring's roles give. */
function compareRoles(
  target: string,
  names: readonly string[],
  { state: { rolePermissions = {} } }: Compared,
): readonly Finding[] {
  return names.flatMap((name) => {
    const [own, found] = [ownRoleNamed(name), rolePermissions[name]];
    if (!own || !found) return [];
    const expected = printPermissions(own).toSorted().join(", ");
    const given = found.toSorted().join(", ");
    return given === expected ? [] : [finding("ROLE_CHANGED", target, { field: name, expected, found: given || null })];
  });
}

function denied(text: string): Omit<Finding, "code" | "target"> {
  return text.startsWith("DENY ")
    ? { field: "permissions", expected: null, found: text }
    : { field: text, expected: null, found: "member of it" };
}

const maxListed = 10;

/** There may be one for every table, so they are reported as one finding. */
function summarize(code: FindingCode, target: string, lines: readonly string[]): readonly Finding[] {
  if (lines.length === 0) return [];
  const more = lines.length - maxListed;
  const found = lines.slice(0, maxListed).join("; ") + (more > 0 ? ` and ${more} more` : "");
  return [finding(code, target, { field: "permissions", expected: null, found })];
}
