/** The SQL user of the identity in a database: created, adopted or repaired, with what the role bundles give. */
import { type PermanentCode, PermanentError } from "../../../domain/errors.ts";
import { identityName, namespaceKey } from "../../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../../domain/naming/ownership.ts";
import { clientIdFromSid, sidFromClientId } from "../../../domain/naming/sid.ts";
import { type Conflict, type Difference, throwConflict } from "../../../domain/operation/plan.ts";
import { mayAdopt } from "../../../domain/request/adoption.ts";
import {
  type DatabaseRole,
  fixedInsteadOf,
  grantablePermissions,
  grantsOf,
  ownRoleNamed,
} from "../../../domain/targets/databaseRoles.ts";
import type { Grant } from "../../../domain/targets/roleBundles.ts";
import type { DatabaseTarget } from "../../../domain/targets/sqlDatabase.ts";
import type { DatabaseState, DatabaseUser, UserChange } from "../../../ports/databases.ts";
import type { Ports } from "../../../ports/index.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { onceItExists } from "../../definitions/unknownClientId.ts";
import { isShut, type KnownMark, knownMark } from "./knownMark.ts";
import { lackOfRights } from "./ownRights.ts";
import { type DatabasePlace, reach } from "./place.ts";
import { asCataloged, circumstancesOf, holds, movedFrom } from "./way.ts";

/** What is decided in one transaction. */
export interface DatabaseDecision extends Pick<Decision, "action" | "differences" | "conflict"> {
  readonly changes: readonly UserChange[];
}

type Looking = Pick<Ports, "databases" | "registry" | "sqlServers">;
type Input = Granting<DatabaseRole>;

export async function planGrant(ports: Looking, place: DatabasePlace, input: Input): Promise<Decision> {
  return await reach(ports, place, async (target) => {
    if (input.isPlan && (await waitsForAdmin(ports, target))) return planUnseen(input);
    const { changes, ...decision } = await decideGrant(ports, target, input);
    const write = async () => {
      try {
        await ports.databases.change(target, changes);
      } catch (error) {
        // Somebody was faster: another run of this step, whose user is as good as ours, or someone else.
        if (!(error instanceof PermanentError) || !creationConflicts.has(error.code)) throw error;
        const found = await decideGrant(ports, target, input);
        throwConflict(found.conflict);
        if (found.changes.length > 0) throw error;
      }
    };
    return { ...decision, writes: changes.length > 0 ? [write] : [] };
  });
}

const creationConflicts: ReadonlySet<PermanentCode> = new Set(["SQL_USER_CONFLICT", "SQL_SID_TAKEN"]);

async function decideGrant(
  { databases, registry }: Pick<Ports, "databases" | "registry">,
  target: DatabaseTarget,
  input: Omit<Input, "isPlan" | "permit">,
): Promise<DatabaseDecision> {
  const name = identityName(input.namespaceRef);
  const sid = input.identity && sidFromClientId(input.identity.clientId);
  const state = asCataloged(target, await databases.inspect(target, { name, sid }));
  const user = state.users.find((candidate) => candidate.name === name);
  const known = user && (await knownMark(user, input));
  const isMadeAnew = user !== undefined && user.sid !== sid;
  const desired = grantsOf(
    input.access,
    circumstancesOf(state, user && { user, mark: known?.mark, moves: input.revokesSurplus || isMadeAnew }),
  );
  const installation = await registry.installation();
  const { users, roles } = state;
  const { userCreation } = target.server;
  const decision = decide({ ...input, installation, name, sid, desired, users, roles, userCreation, known });
  return withRights(input, state, { ...decision, desired });
}

/** For a database that nobody can log in to yet: what is made there if nothing prevents it. */
function planUnseen({ namespaceRef, target, access }: Input): Decision {
  const differences = describeNew({ name: identityName(namespaceRef), sid: undefined, desired: grantsOf(access) });
  const message = `Nobody can log in to ${target} before its server has a Microsoft Entra administrator.`;
  return { action: "create", differences, notices: [{ code: "SQL_NOT_SEEN_YET", message }], writes: [] };
}

/** Nobody can log in without an administrator, so the database can only be read once the server has one. */
async function waitsForAdmin({ sqlServers }: Looking, { server }: DatabaseTarget): Promise<boolean> {
  return server.entraAdmin !== undefined && (await sqlServers.inspect(server))?.entraAdmin === undefined;
}

/** A user whose SID is not known yet will be given everything, although nothing can be written now. */
function withRights(
  { target, namespaceRef }: Pick<Input, "target" | "namespaceRef">,
  state: DatabaseState,
  { desired, ...decision }: DatabaseDecision & { readonly desired: readonly Grant[] },
): DatabaseDecision {
  if (decision.conflict) return decision;
  const { action, changes } = decision;
  const gives = action === "create" ? desired : changes.flatMap(givenBy);
  const lack = lackOfRights(target, state, { user: identityName(namespaceRef), gives, changes });
  return lack ? refuse(lack.code, lack.message) : decision;
}

function givenBy(change: UserChange): readonly Grant[] {
  if (change.kind === "addRole") return [{ kind: "role", name: change.role }];
  if (change.kind !== "grant" || change.permission === "CONNECT") return [];
  return [{ kind: "permission", name: change.permission }];
}

interface DecisionInput extends Omit<Input, "isPlan" | "permit"> {
  readonly installation: string;
  readonly name: string;
  readonly sid: string | undefined;
  readonly desired: readonly Grant[];
  readonly users: readonly DatabaseUser[];
  readonly roles: readonly string[];
  readonly userCreation: DatabaseTarget["server"]["userCreation"];
  /** The mark of the user with that name, if there is one. */
  readonly known: KnownMark | undefined;
}

function decide(input: DecisionInput): DatabaseDecision {
  const { name, sid, desired, users } = input;
  const missingRole = desired.find(({ kind, name: role }) => kind === "role" && !input.roles.includes(role));
  if (missingRole && !ownRoleNamed(missingRole.name)) {
    return refuse("SQL_ROLE_MISSING", `${input.target} has no role "${missingRole.name}".`);
  }

  const other = users.find((user) => user.name !== name && sid !== undefined && user.sid === sid);
  if (other) {
    return refuse("SQL_SID_TAKEN", `In ${input.target} the identity is already user "${other.name}".`);
  }
  const user = users.find((candidate) => candidate.name === name);
  if (!user) return { action: "create", differences: describeNew(input), changes: creation(input, desired) };

  const mark = input.known?.mark;
  if (sid === undefined || user.sid !== sid) {
    if (input.known?.isUnrecorded) return unrecorded(input, user);
    return mark ? repair(input, user, mark) : foreignSid(input, user);
  }
  return mark ? update(input, user, mark) : adopt(input, user);
}

/** The identity was recreated: same name, another client id. Its user cannot log in until it is replaced. */
function repair(input: DecisionInput, user: DatabaseUser, mark: UserMark): DatabaseDecision {
  const { operation } = mark;
  // Only its owner may drop an adopted user.
  if (operation === null) return foreignSid(input, user);
  if (user.ownedSchemas.length > 0) {
    return refuse(
      "SQL_USER_OWNS_SCHEMA",
      `In ${input.target} user "${user.name}" has the SID of an earlier identity and owns schema ${user.ownedSchemas.join(", ")}.`,
    );
  }
  const dependants = [...(user.ownedRoles ?? []).map((role) => `role ${role}`), ...(user.dependants ?? [])];
  if (dependants.length > 0) {
    return refuse(
      "SQL_USER_HAS_DEPENDANTS",
      `In ${input.target} user "${user.name}" has the SID of an earlier identity, and has ${dependants.join(", ")}.`,
    );
  }
  const lost = permissionsLost(user, mark);
  if (lost.length > 0) {
    return refuse(
      "SQL_USER_HAS_PERMISSIONS",
      `In ${input.target} user "${user.name}" has the SID of an earlier identity, and replacing it would lose ${lost.join(", ")}.`,
    );
  }
  const moved = input.desired.flatMap(({ name }) => fixedInsteadOf(name)).map(({ name }) => name);
  const held = [
    ...user.roles.map((name): Grant => ({ kind: "role", name })),
    ...grantablePermissions.filter(({ name }) => user.permissions.includes(name)),
  ].filter(({ name }) => !input.desired.some((grant) => grant.name === name));
  // What a change leaves out goes at its end. What others gave was for another identity.
  const isKept = ({ name }: Grant) => name in mark.grants && !input.revokesSurplus && !moved.includes(name);
  const lostToo = held.filter((grant) => !isKept(grant) && !moved.includes(grant.name));
  return {
    action: "update",
    differences: [
      { field: "sid", current: user.sid, desired: input.sid ?? onceItExists },
      ...lostToo.map(({ name }) => ({ field: name, current: "granted", desired: null })),
    ],
    changes: [
      { kind: "drop", user: user.name },
      ...creation({ ...input, operation }, [...input.desired, ...held.filter(isKept)]),
    ],
  };
}

/** What somebody else gave or denied besides roles and EXECUTE: nobody could tell from the user what it was for. */
function permissionsLost(
  { permissions, otherPermissions = [], isDisabled }: DatabaseUser,
  { grants }: UserMark,
): string[] {
  const isUsual = (name: string) => name in grants || grantablePermissions.some((grant) => grant.name === name);
  return [
    ...permissions.filter((name) => !isUsual(name)).map((name) => `GRANT ${name}`),
    ...otherPermissions,
    ...(isDisabled ? ["REVOKE CONNECT"] : []),
  ];
}

function unrecorded(input: DecisionInput, user: DatabaseUser): DatabaseDecision {
  const what = `In ${input.target} user "${user.name}" has Mooring's mark for ${namespaceKey(input.namespaceRef)} and SID ${user.sid}`;
  return refuse(
    "IDENTITY_UNRECORDED",
    `${what}, and no record knows its identity (client ID ${clientIdFromSid(user.sid)}).`,
  );
}

function foreignSid(input: DecisionInput, user: DatabaseUser): DatabaseDecision {
  return refuse(
    "SQL_USER_CONFLICT",
    `In ${input.target} user "${user.name}" exists with SID ${user.sid}, the identity has ${input.sid ?? "none yet"}.`,
  );
}

function update(input: DecisionInput, user: DatabaseUser, mark: UserMark): DatabaseDecision {
  const missing = input.desired.filter((grant) => !holds(user, grant));
  const isSurplus = (name: string) => input.revokesSurplus && !input.desired.some((grant) => grant.name === name);
  const surplus = Object.keys(mark.grants).filter(isSurplus);
  const isMarkLost = input.known?.isLost === true;
  // A revocation that could not drop the user has taken CONNECT from it; otherwise somebody else has.
  const opened: readonly UserChange[] = isShut(user, mark)
    ? [{ kind: "grant", user: user.name, permission: "CONNECT" }]
    : [];
  if (missing.length === 0 && surplus.length === 0 && !isMarkLost) {
    return { action: mark.operation === input.operation ? "create" : "none", differences: [], changes: [] };
  }
  const left = Object.fromEntries(Object.entries(mark.grants).filter(([name]) => !isSurplus(name)));
  const grants = {
    ...left,
    ...Object.fromEntries(missing.map(({ name }) => [name, movedFrom(mark, name) ?? input.operation])),
  };
  const held = surplus.filter((name) => user.roles.includes(name) || user.permissions.includes(name));
  return {
    action: "update",
    differences: [
      ...(isMarkLost ? [{ field: "extended property mooring", current: null, desired: "set" }] : []),
      ...missing.map(({ name }) => ({ field: name, current: null, desired: "granted" })),
      ...held.map((name) => ({ field: name, current: "granted", desired: null })),
    ],
    // All in one transaction, so that the mark never lists less than the user has.
    changes: [
      { kind: "mark", user: user.name, mark: printMark({ ...mark, grants }) },
      ...opened,
      ...grantAll(user.name, missing),
      ...held.map((name) => revocationOf(user.name, name)),
    ],
  };
}

function adopt(input: DecisionInput, user: DatabaseUser): DatabaseDecision {
  const missing = input.desired.filter((grant) => !holds(user, grant));
  const { adoptionPolicy } = input;
  if (!mayAdopt(adoptionPolicy, { isIdentical: missing.length === 0 })) {
    return refuse(
      "SQL_USER_CONFLICT",
      `In ${input.target} user "${user.name}" exists already and adoptionPolicy is ${adoptionPolicy}.`,
    );
  }
  // Adopted unchanged: without a mark there is nothing to revoke later.
  if (missing.length === 0) return { action: "adopt", differences: [], changes: [] };
  const { installation } = input;
  const mark = {
    berth: namespaceKey(input.namespaceRef),
    operation: null,
    installation,
    grants: given(missing, input.operation),
  };
  return {
    action: "adopt",
    differences: missing.map(({ name }) => ({ field: name, current: null, desired: "granted" })),
    changes: [{ kind: "mark", user: user.name, mark: printMark(mark) }, ...grantAll(user.name, missing)],
  };
}

/** Creates the user by SID or, if the catalog says so for the server, by a lookup in Microsoft Entra. */
function creation(input: DecisionInput, grants: readonly Grant[]): readonly UserChange[] {
  const { name, sid, identity, operation, installation } = input;
  if (sid === undefined || identity === undefined) return [];
  const mark = { berth: namespaceKey(input.namespaceRef), operation, installation, grants: given(grants, operation) };
  return [
    input.userCreation === "sid"
      ? { kind: "createFromSid", user: name, sid }
      : { kind: "createFromProvider", user: name, objectId: identity.principalId },
    { kind: "mark", user: name, mark: printMark(mark) },
    ...grantAll(name, grants),
  ];
}

function grantAll(user: string, grants: readonly Grant[]): readonly UserChange[] {
  return grants.map((grant) =>
    grant.kind === "role"
      ? { kind: "addRole", user, role: grant.name }
      : { kind: "grant", user, permission: grant.name },
  );
}

export function revocationOf(user: string, name: string): UserChange {
  return name === "EXECUTE" ? { kind: "revoke", user, permission: name } : { kind: "removeRole", user, role: name };
}

function given(grants: readonly Grant[], operation: string): Record<string, string> {
  return Object.fromEntries(grants.map(({ name }) => [name, operation]));
}

function describeNew({ name, sid, desired }: Pick<DecisionInput, "name" | "sid" | "desired">): readonly Difference[] {
  return [
    { field: "user", current: null, desired: name },
    { field: "sid", current: null, desired: sid ?? onceItExists },
    ...desired.map((grant) => ({ field: grant.name, current: null, desired: "granted" })),
  ];
}

function refuse(code: Conflict["code"], message: string): DatabaseDecision {
  return { action: "conflict", differences: [], conflict: { code, message }, changes: [] };
}
