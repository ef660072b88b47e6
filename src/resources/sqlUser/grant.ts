/** The SQL user of the identity in a database: created, adopted or repaired, with what the role bundles give. */

import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import { ClientId, PrincipalId } from "../../domain/naming/identityPair.ts";
import { identityName, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../domain/naming/ownership.ts";
import { clientIdFromSid, sidFromClientId } from "../../domain/naming/sid.ts";
import {
  type Conflict,
  type Difference,
  type StepPlan,
  throwConflict,
  toNotice,
  toStepPlan,
} from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { mayAdopt } from "../../domain/request/adoption.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import { fixedInsteadOf, grantablePermissions, grantsOf, ownRoleNamed } from "../../domain/targets/databaseRoles.ts";
import type { Grant } from "../../domain/targets/roleBundles.ts";
import { DatabaseRequest, findDatabase, findDatabaseOf, keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { DatabaseState, DatabaseUser, UserChange } from "../../ports/databases.ts";
import type { Ports } from "../../ports/index.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { identityOf, isKnown } from "../definitions/operationFacts.ts";
import { askToGive, type Permit } from "../definitions/permit.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import { defineStep } from "../definitions/step.ts";
import { onceItExists } from "../definitions/unknownClientId.ts";
import { isShut, type KnownMark, knownMark } from "./knownMark.ts";
import { lackOfRights } from "./ownRights.ts";
import { asCataloged, circumstancesOf, holds, movedFrom } from "./way.ts";

export interface DatabaseDecision {
  readonly plan: StepPlan;
  readonly conflict: Conflict | undefined;
  readonly changes: readonly UserChange[];
}

interface DatabasePlanInput extends NamespaceRef {
  readonly permit: Permit;
  readonly operation: string;
  readonly database: DatabaseRequest;
  readonly adoptionPolicy: AdoptionPolicy;
  /** Undefined until the identity exists; its SID is unknown until then. */
  readonly identity: { readonly clientId: ClientId; readonly principalId: PrincipalId } | undefined;
  readonly takesBack?: boolean | undefined;
  /** In a plan: what an operator has decided. */
  readonly adoptIdentity?: string | undefined;
}

export async function planDatabase(
  ports: Pick<Ports, "catalog" | "databases" | "identities" | "registry">,
  input: DatabasePlanInput,
): Promise<DatabaseDecision> {
  const target = findDatabase(ports.catalog, input.database);
  const name = identityName(input);
  const sid = input.identity && sidFromClientId(input.identity.clientId);
  const state = asCataloged(target, await ports.databases.inspect(target, { name, sid }));
  const user = state.users.find((candidate) => candidate.name === name);
  const { cluster, namespace } = input;
  const recalled = recallOf(ports, { cluster, namespace }, input);
  const known = user && (await knownMark(user, { database: keyOf(input.database), ...recalled }));
  const revokesSurplus = input.takesBack ?? (known?.mark !== undefined && input.permit.isFirst);
  const isMadeAnew = user !== undefined && user.sid !== sid;
  const desired = grantsOf(
    input.database.roles,
    circumstancesOf(state, user && { user, mark: known?.mark, moves: revokesSurplus || isMadeAnew }),
  );
  const decided = decide({
    ...input,
    installation: await ports.registry.installation(),
    revokesSurplus,
    name,
    sid,
    desired,
    users: state.users,
    roles: state.roles,
    target,
    known,
  });
  const decision = withRights(input, state, { ...decided, desired });
  const step: StepKey = { name: "grantDatabase", target: keyOf(input.database) };
  return { plan: toStepPlan(step, decision), conflict: decision.conflict, changes: decision.changes };
}

/** The plan for a database that nobody can log in to yet: what is made there if nothing prevents it. */
function planUnseen({ database, ...namespaceRef }: NamespaceRef & { readonly database: DatabaseRequest }): StepPlan {
  const place = keyOf(database);
  const desired = grantsOf(database.roles);
  const differences = describeNew({ name: identityName(namespaceRef), sid: undefined, desired });
  const message = `Nobody can log in to ${place} before its server has a Microsoft Entra administrator.`;
  const plan = toStepPlan({ name: "grantDatabase", target: place }, { action: "create", differences });
  return { ...plan, notices: [toNotice("SQL_NOT_SEEN_YET", message)] };
}

/** A user whose SID is not known yet will be given everything, although nothing can be written now. */
function withRights(
  input: DatabasePlanInput,
  state: DatabaseState,
  { desired, ...decision }: Decision & { readonly desired: readonly Grant[] },
): Decision {
  if (decision.conflict) return decision;
  const { action, changes } = decision;
  const gives = action === "create" ? desired : changes.flatMap(givenBy);
  const lack = lackOfRights(place(input), state, { user: identityName(input), gives, changes });
  return lack ? refuse(lack.code, lack.message) : decision;
}

function givenBy(change: UserChange): readonly Grant[] {
  if (change.kind === "addRole") return [{ kind: "role", name: change.role }];
  if (change.kind !== "grant" || change.permission === "CONNECT") return [];
  return [{ kind: "permission", name: change.permission }];
}

interface DecisionInput extends Omit<DatabasePlanInput, "takesBack" | "permit"> {
  readonly installation: string;
  readonly revokesSurplus: boolean;
  readonly name: string;
  readonly sid: string | undefined;
  readonly desired: readonly Grant[];
  readonly users: readonly DatabaseUser[];
  readonly roles: readonly string[];
  readonly target: ReturnType<typeof findDatabase>;
  /** The mark of the user with that name, if there is one. */
  readonly known: KnownMark | undefined;
}

interface Decision {
  readonly action: StepPlan["action"];
  readonly differences?: readonly Difference[];
  readonly conflict?: Conflict;
  readonly changes: readonly UserChange[];
}

function decide(input: DecisionInput): Decision {
  const { name, sid, desired, users } = input;
  const missingRole = desired.find(({ kind, name: role }) => kind === "role" && !input.roles.includes(role));
  if (missingRole && !ownRoleNamed(missingRole.name)) {
    return refuse("SQL_ROLE_MISSING", `${place(input)} has no role "${missingRole.name}".`);
  }

  const other = users.find((user) => user.name !== name && sid !== undefined && user.sid === sid);
  if (other) {
    return refuse("SQL_SID_TAKEN", `In ${place(input)} the identity is already user "${other.name}".`);
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
function repair(input: DecisionInput, user: DatabaseUser, mark: UserMark): Decision {
  const { operation } = mark;
  // Only its owner may drop an adopted user.
  if (operation === null) return foreignSid(input, user);
  if (user.ownedSchemas.length > 0) {
    return refuse(
      "SQL_USER_OWNS_SCHEMA",
      `In ${place(input)} user "${user.name}" has the SID of an earlier identity and owns schema ${user.ownedSchemas.join(", ")}.`,
    );
  }
  const dependants = [...(user.ownedRoles ?? []).map((role) => `role ${role}`), ...(user.dependants ?? [])];
  if (dependants.length > 0) {
    return refuse(
      "SQL_USER_HAS_DEPENDANTS",
      `In ${place(input)} user "${user.name}" has the SID of an earlier identity, and has ${dependants.join(", ")}.`,
    );
  }
  const lost = permissionsLost(user, mark);
  if (lost.length > 0) {
    return refuse(
      "SQL_USER_HAS_PERMISSIONS",
      `In ${place(input)} user "${user.name}" has the SID of an earlier identity, and replacing it would lose ${lost.join(", ")}.`,
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

function unrecorded(input: DecisionInput, user: DatabaseUser): Decision {
  const what = `In ${place(input)} user "${user.name}" has Mooring's mark for ${namespaceKey(input)} and SID ${user.sid}`;
  return refuse(
    "IDENTITY_UNRECORDED",
    `${what}, and no record knows its identity (client ID ${clientIdFromSid(user.sid)}).`,
  );
}

function foreignSid(input: DecisionInput, user: DatabaseUser): Decision {
  return refuse(
    "SQL_USER_CONFLICT",
    `In ${place(input)} user "${user.name}" exists with SID ${user.sid}, the identity has ${input.sid ?? "none yet"}.`,
  );
}

function update(input: DecisionInput, user: DatabaseUser, mark: UserMark): Decision {
  const missing = input.desired.filter((grant) => !holds(user, grant));
  const isSurplus = (name: string) => input.revokesSurplus && !input.desired.some((grant) => grant.name === name);
  const surplus = Object.keys(mark.grants).filter(isSurplus);
  const isMarkLost = input.known?.isLost === true;
  // A revocation that could not drop the user has taken CONNECT from it; otherwise somebody else has.
  const opened: readonly UserChange[] = isShut(user, mark)
    ? [{ kind: "grant", user: user.name, permission: "CONNECT" }]
    : [];
  if (missing.length === 0 && surplus.length === 0 && !isMarkLost) {
    return { action: mark.operation === input.operation ? "create" : "none", changes: [] };
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

function adopt(input: DecisionInput, user: DatabaseUser): Decision {
  const missing = input.desired.filter((grant) => !holds(user, grant));
  const { adoptionPolicy } = input;
  if (!mayAdopt(adoptionPolicy, { isIdentical: missing.length === 0 })) {
    return refuse(
      "SQL_USER_CONFLICT",
      `In ${place(input)} user "${user.name}" exists already and adoptionPolicy is ${adoptionPolicy}.`,
    );
  }
  // Adopted unchanged: without a mark there is nothing to revoke later.
  if (missing.length === 0) return { action: "adopt", changes: [] };
  const { installation } = input;
  const mark = { berth: namespaceKey(input), operation: null, installation, grants: given(missing, input.operation) };
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
  const mark = { berth: namespaceKey(input), operation, installation, grants: given(grants, operation) };
  return [
    input.target.server.userCreation === "sid"
      ? { kind: "createFromSid", user: name, sid }
      : { kind: "createFromProvider", user: name, objectId: identity.principalId },
    { kind: "mark", user: name, mark: printMark(mark) },
    ...grantAll(name, grants),
  ];
}

/** Creates the SQL user of the identity in one database and gives it the roles, all in one transaction. */
export const grantDatabase = defineStep({
  name: "grantDatabase",
  stage: "connect",
  target: ({ database }) => keyOf(database),
  undo: { by: "revokeDatabase" },
  given: {
    database: DatabaseRequest,
    adoptionPolicy: AdoptionPolicy,
    identity: z.object({ clientId: ClientId, principalId: PrincipalId }),
    /** Revoke what Mooring gave and the request does not ask for; a change does so only at its end. */
    takesBack: z.boolean().optional(),
  },
  from: (operation, target) =>
    defined({
      database: findDatabaseOf(operation.request, target),
      adoptionPolicy: operation.request.adoptionPolicy,
      identity: identityOf(operation),
      takesBack: operation.kind === "repair" || undefined,
    }),
  async look(ports, { identity, ...input }, { operator }) {
    const permit = await mayGive(ports, input, true);
    if (await waitsForAdmin(ports, input.database)) return planUnseen(input);
    const known = { identity: isKnown(identity) ? identity : undefined, adoptIdentity: operator?.adoptIdentity };
    return (await planDatabase(ports, { ...input, permit, ...known })).plan;
  },
  async run(input, ports, step) {
    const permit = await mayGive(ports, input, false);
    const { plan, conflict, changes } = await planDatabase(ports, { ...input, permit });
    throwConflict(conflict);
    if (changes.length === 0) return { action: plan.action };
    await step.willDo(plan.action, plan.differences, { isMarked: plan.action === "create" });
    try {
      await ports.databases.change(findDatabase(ports.catalog, input.database), changes);
      return { action: plan.action };
    } catch (error) {
      // Somebody was faster: another run of this step, whose user is as good as ours, or someone else.
      if (!(error instanceof PermanentError) || !creationConflicts.has(error.code)) throw error;
      const found = await planDatabase(ports, { ...input, permit });
      throwConflict(found.conflict);
      if (found.changes.length > 0) throw error;
      return { action: found.plan.action };
    }
  },
  // Only a repair revokes at once. What it repairs was given before; any other operation has to give it, and fails.
  whenDropped: ({ takesBack }) => (takesBack === true ? leave() : undefined),
});

async function mayGive(
  ports: Ports,
  input: NamespaceRef & {
    readonly operation: string;
    readonly database: DatabaseRequest;
    readonly takesBack?: boolean | undefined;
  },
  isPlan: boolean,
): Promise<Permit> {
  const { database, takesBack: isRepair = false } = input;
  return await askToGive(ports, { ...input, wanted: { databases: [database] }, isRepair, isPlan });
}

/** Nobody can log in without an administrator, so the database can only be read once the server has one. */
async function waitsForAdmin({ catalog, sqlServers }: Ports, wanted: DatabaseRequest): Promise<boolean> {
  const { server } = findDatabase(catalog, wanted);
  return server.entraAdmin !== undefined && (await sqlServers.inspect(server))?.entraAdmin === undefined;
}

const creationConflicts: ReadonlySet<PermanentCode> = new Set(["SQL_USER_CONFLICT", "SQL_SID_TAKEN"]);

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

export function place({ database }: { readonly database: DatabaseRequest }): string {
  return keyOf(database);
}

function refuse(code: Conflict["code"], message: string): Decision {
  return { action: "conflict", conflict: { code, message }, changes: [] };
}
