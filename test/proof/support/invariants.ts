/** What must be true after an operation, checked against the world itself rather than Mooring's own records. */

import { endedSteps } from "../../../src/application/operation/endedSteps.ts";
import { plannedOf } from "../../../src/application/operation/plannedOf.ts";
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { Finding } from "../../../src/domain/finding.ts";
import {
  bindingName,
  federatedCredentialName,
  federatedSubject,
  identityName,
  namesInside,
  namesOfProfile,
  namespaceKey,
  useBindingName,
  useRoleName,
} from "../../../src/domain/naming/names.ts";
import { readMark, readMetadata } from "../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { isFinal } from "../../../src/domain/operation/operation.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { isSameStep } from "../../../src/domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { isAzureRolePlace } from "../../../src/domain/targets/azureRoles.ts";
import type { RoleBundle } from "../../../src/domain/targets/roleBundles.ts";
import { administeredServers } from "../../../src/domain/targets/sqlDatabase.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import type { ObjectRef } from "../../../src/ports/kubernetes.ts";
import { print, refKey } from "../../support/models/kubernetes.ts";
import { lackingInCosmos, surplusInCosmos } from "./cosmosWorld.ts";
import { hasMark } from "./furnish.ts";
import { checkManaged } from "./managedWorld.ts";
import { checkPolicy } from "./networkWorld.ts";
import { lackingOnPostgres, renamedOnPostgres, surplusOnPostgres } from "./postgresWorld.ts";
import { allows, isAskedFor } from "./roleTargets.ts";
import { remembers, type Snapshot, type Thing } from "./snapshot.ts";
import type { World } from "./world.ts";
import { issuer } from "./worldCatalog.ts";

export type Problem = string;

/** What gives a bundle: Mooring's role where the database has it, and all of the others where it has not. */
const given: Record<RoleBundle, { readonly own?: string; readonly fixed: readonly string[] }> = {
  reader: { own: "mooring_reader", fixed: ["db_datareader"] },
  writer: { own: "mooring_writer", fixed: ["db_datareader", "db_datawriter"] },
  executor: { own: "mooring_executor", fixed: ["EXECUTE"] },
  owner: { fixed: ["db_owner"] },
};

/** On a schema, and of the database's owner, there is one way. */
function wayOf(role: string): { readonly own?: string; readonly fixed: readonly string[] } {
  if (Object.hasOwn(given, role)) return given[role as RoleBundle];
  return {
    own: role.startsWith("role:") ? role.slice("role:".length) : `mooring_${role.replace("@", "_")}`,
    fixed: [],
  };
}

/** What was given by fixed roles counts, until a repair has moved it. */
function lacks(user: DatabaseUser | undefined, role: string): readonly string[] {
  const held = [...(user?.roles ?? []), ...(user?.permissions ?? [])];
  const { own, fixed } = wayOf(role);
  if (own !== undefined && held.includes(own)) return [];
  return own !== undefined && fixed.length === 0 ? [own] : fixed.filter((grant) => !held.includes(grant));
}

/** After a repair nothing of Mooring's is given by fixed roles where the database has Mooring's own. */
export function checkMoved({ users, rightsIn }: World, request: OnboardingRequest): Problem[] {
  return request.databases.flatMap(({ server, database, roles }) => {
    const key = `${server}/${database}`;
    const mark = readMark(users.get(key)?.get(identityName(request))?.mark);
    if (rightsIn.get(key) === "owner" || mark?.berth !== namespaceKey(request)) return [];
    const left = roles.map(wayOf).flatMap(({ own, fixed }) => (own === undefined ? [] : fixed));
    return left
      .filter((grant) => grant in mark.grants)
      .map((grant) => `user in ${key} still has ${grant} from Mooring, and the database has Mooring's roles`);
  });
}

/** After a repair the identity has no second name. */
export function checkNames({ azure, postgres, rows }: World, request: OnboardingRequest): Problem[] {
  const identity = azure.identities.get(identityName(request));
  if (!identity) return [];
  const about = { namespaceRef: request, principalId: identity.principalId, isRemembered: remembers(rows, request) };
  return [...renamedOnPostgres(postgres, about)];
}

/** What the request asks for on targets can be opened by the identity. */
export function checkAccess(
  { azure, users, catalog, postgres }: Pick<World, "azure" | "users" | "catalog" | "postgres">,
  request: OnboardingRequest,
): Problem[] {
  const problems: Problem[] = [];
  const name = identityName(request);
  const identity = azure.identities.get(name);
  if (!identity) return [`identity ${name} is missing`];
  const sid = sidFromClientId(identity.clientId);
  for (const { server, database, roles } of request.databases) {
    const user = users.get(`${server}/${database}`)?.get(name);
    if (user?.sid !== sid) problems.push(`user in ${server}/${database} has SID ${user?.sid}, not ${sid}`);
    for (const grant of roles.flatMap((role) => lacks(user, role))) {
      problems.push(`user in ${server}/${database} lacks ${grant}`);
    }
  }

  problems.push(...lackingInCosmos(azure.cosmosAccounts, request, identity.principalId));
  for (const { target, access } of request.targets ?? []) {
    const { principalId } = identity;
    problems.push(...lackingOnPostgres(postgres, { namespaceRef: request, target, access, principalId }));
    const entry = catalog.targets[target];
    if (!entry || !isAzureRolePlace(entry)) continue;
    for (const word of access) {
      const isGiven = [...azure.roleAssignments.values()].some(
        (held) =>
          held.principalId === principalId && held.condition === undefined && allows(held, [target, entry], word),
      );
      if (!isGiven) problems.push(`the identity may not ${word} on ${target}`);
    }
  }
  return problems;
}

/** Every part of the request is there and correct. */
export function checkParts({ azure, users, objects, catalog, postgres }: World, request: OnboardingRequest): Problem[] {
  const problems: Problem[] = [];
  const name = identityName(request);
  const identity = azure.identities.get(name);
  if (!identity) return [`identity ${name} is missing`];

  for (const alias of administeredServers(catalog, request)) {
    const admin = azure.sqlAdmins.get(alias)?.login;
    if (admin !== catalog.sqlServers[alias]?.entraAdmin?.login) problems.push(`${alias} has administrator ${admin}`);
  }
  problems.push(...checkAccess({ azure, users, catalog, postgres }, request));

  const namespace = request.namespace;
  const expectFields = (ref: { apiVersion: string; kind: string; name: string }, fields: Record<string, unknown>) => {
    const key = refKey(ref.kind === "Namespace" ? ref : { ...ref, namespace });
    const stored = objects.get(key);
    if (!stored || stored.goodbyes !== undefined) problems.push(`${key} is missing`);
    else {
      for (const [path, value] of Object.entries(fields)) {
        const found = path.split("|").reduce<unknown>((at, part) => read(at, part), print(stored));
        if (found !== value) problems.push(`${key} has ${path} ${String(found)}, not ${String(value)}`);
      }
    }
  };
  const first = request.databases[0];
  expectFields({ apiVersion: "v1", kind: "Namespace", name: namespace }, {});
  problems.push(...checkProfile({ azure, objects, catalog }, request), ...checkPolicy({ objects, catalog }, request));
  expectFields(
    { apiVersion: "v1", kind: "ConfigMap", name: namesInside.configMap },
    first
      ? { "data|SERVER_NAME": `${first.server}.example`, "data|DATABASE_NAME": first.database }
      : { "data|SERVER_NAME": "", "data|DATABASE_NAME": "" },
  );
  problems.push(...checkConnections(objects, request));
  if (request.identityMode === "podIdentity") {
    const apiVersion = "aadpodidentity.k8s.io/v1";
    expectFields({ apiVersion, kind: "AzureIdentity", name }, { "spec|clientID": identity.clientId });
    expectFields(
      { apiVersion, kind: "AzureIdentityBinding", name: bindingName(request) },
      { "spec|azureIdentity": name, "spec|selector": request.selector ?? namespace },
    );
    return problems;
  }
  expectFields(
    { apiVersion: "v1", kind: "ServiceAccount", name: request.serviceAccount },
    {
      "metadata|annotations|azure.workload.identity/client-id": identity.clientId,
      "metadata|annotations|azure.workload.identity/tenant-id": catalog.tenantId,
    },
  );
  if (request.identityMode === "identityBinding") return [...problems, ...checkBinding({ azure, objects }, request)];
  const subject = federatedSubject(namespace, request.serviceAccount);
  const exact = (azure.credentials.get(name) ?? []).filter(
    (each) =>
      each.issuer === issuer && each.subject === subject && each.audiences.join() === "api://AzureADTokenExchange",
  );
  if (exact.length !== 1) problems.push(`${exact.length} credentials for ${subject}, not 1`);
  const ours = (azure.credentials.get(name) ?? []).filter(
    (each) => each.name === federatedCredentialName(request, request.serviceAccount),
  );
  if (ours.some((each) => each.issuer !== issuer)) problems.push("our credential has another issuer");
  return problems;
}

/** The ConfigMap names the targets of the request, and no others. */
function checkConnections(objects: World["objects"], { namespace, targets = [] }: OnboardingRequest): Problem[] {
  const key = refKey({ apiVersion: "v1", kind: "ConfigMap", name: namesInside.configMap, namespace });
  const stored = objects.get(key);
  if (!stored) return [];
  const text = read(read(print(stored), "data"), "TARGETS");
  const named = typeof text === "string" ? Object.keys(JSON.parse(text) as object) : [];
  const asked = targets.map(({ target }) => target);
  const isSame = JSON.stringify(named.toSorted()) === JSON.stringify(asked.toSorted());
  return isSame ? [] : [`${key} names the targets ${named.join(", ") || "none"}, not ${asked.join(", ") || "none"}`];
}

/** The identity is bound to the cluster, and the account, and nobody else by Mooring, may use it there. */
function checkBinding({ azure, objects }: Pick<World, "azure" | "objects">, request: OnboardingRequest): Problem[] {
  const { clientId } = azure.identities.get(identityName(request)) ?? {};
  const bound = [...azure.bindings.values()].filter(({ identityId }) =>
    identityId.endsWith(`/${identityName(request)}`),
  );
  const automatic = (azure.credentials.get(identityName(request)) ?? []).some(
    ({ name }) => name === "aks-identity-binding",
  );
  const printed = (kind: string, name: string) => {
    const stored = objects.get(refKey({ apiVersion: "rbac.authorization.k8s.io/v1", kind, name }));
    return JSON.stringify(stored && print(stored));
  };
  const role = printed("ClusterRole", useRoleName(request)) ?? "";
  const given = printed("ClusterRoleBinding", useBindingName(request, request.serviceAccount)) ?? "";
  return [
    ...(bound.length === 1 && bound[0]?.clientId === clientId ? [] : [`${bound.length} bindings of the identity`]),
    ...(automatic ? [] : ["the identity has no automatic credential"]),
    ...(role.includes(`"use-managed-identity"`) && role.includes(`"${clientId}"`)
      ? []
      : ["the role does not allow it"]),
    ...(given.includes(`"name":"${request.serviceAccount}"`) ? [] : ["the account does not have the role"]),
  ];
}

/** What a profile gives, as an API server keeps it. */
const ofProfiles: Readonly<
  Record<
    string,
    { readonly hard?: Readonly<Record<string, string>>; readonly limits?: object; readonly enforce?: string }
  >
> = {
  small: { hard: { pods: "5" }, enforce: "restricted" },
  large: {
    hard: { pods: "50", "requests.cpu": "8" },
    limits: [{ type: "Container", max: { cpu: "4" }, default: { cpu: "4" }, defaultRequest: { cpu: "4" } }],
  },
};

/** A profile with a network policy limits nothing but pods. */
function withPods(profile: Catalog["profiles"][string] | undefined): (typeof ofProfiles)[string] | undefined {
  const pods = profile?.quota?.["pods"];
  return pods === undefined ? undefined : { hard: { pods: String(pods) } };
}

/** The namespace has its profile, and nothing of another one. */
function checkProfile(
  { azure, objects, catalog }: Pick<World, "azure" | "objects" | "catalog">,
  request: OnboardingRequest,
): Problem[] {
  const { namespace, namespaceProfile = "" } = request;
  const whole = ofProfiles[namespaceProfile] ?? withPods(catalog.profiles[namespaceProfile]);
  const inAzure = checkManaged(azure.managed, request);
  // What Azure holds is not in the cluster.
  const { "requests.cpu": _, ...counted } = whole?.hard ?? {};
  const wanted = whole?.hard && inAzure ? { ...whole, hard: counted } : whole;
  const found = (kind: string, name: string) => {
    const stored = objects.get(
      refKey({ apiVersion: "v1", kind, name, ...(kind === "Namespace" ? {} : { namespace }) }),
    );
    return stored && stored.goodbyes === undefined ? print(stored) : undefined;
  };
  const problems: Problem[] = [...(inAzure ?? [])];
  const expectPart = (kind: string, name: string, field: string, value: object | undefined) => {
    const there = found(kind, name);
    const isOurs = there !== undefined && readMetadata(there.metadata)?.berth === namespaceKey(request);
    if (value === undefined && isOurs) problems.push(`${kind} ${name} is left over`);
    const is = there && read(read(there, "spec"), field);
    if (value !== undefined && !contains(is, value))
      problems.push(`${kind} ${name} has ${JSON.stringify(is)}, not ${JSON.stringify(value)}`);
    if (isOurs && inAzure && read(is, "requests.cpu") !== undefined)
      problems.push(`${kind} ${name} has what Azure holds`);
  };
  expectPart("ResourceQuota", namesOfProfile.quota, "hard", wanted?.hard);
  expectPart("LimitRange", namesOfProfile.limits, "limits", wanted?.limits);
  const space = found("Namespace", namespace);
  if (space && !inAzure && readMetadata(space.metadata)?.berth === namespaceKey(request)) {
    const enforce = space.metadata.labels?.["pod-security.kubernetes.io/enforce"];
    if (enforce !== wanted?.enforce) problems.push(`the namespace enforces ${enforce}, not ${wanted?.enforce}`);
  }
  return problems;
}

/** Others may have added to an object that is lent. */
function contains(found: unknown, value: object): boolean {
  if (Array.isArray(value)) return JSON.stringify(found) === JSON.stringify(value);
  return Object.entries(value).every(([key, each]) => read(found, key) === each);
}

/** The identity can log in nowhere but where the request asks for it, unless the verification says where it could not look. */
export function checkReach(
  { azure, users, postgres, catalog }: Pick<World, "azure" | "users" | "postgres" | "catalog">,
  request: OnboardingRequest,
  findings: readonly Finding[] = [],
): Problem[] {
  const identity = azure.identities.get(identityName(request));
  if (!identity) return [];
  const sid = sidFromClientId(identity.clientId);
  const named = request.databases.map(({ server, database }) => `${server}/${database}`);
  const unseen = findings.flatMap(({ code, found }) => (code === "USERS_UNSEEN" ? [found ?? ""] : [])).join();
  const more = [...azure.roleAssignments.values()].filter((held) => {
    const isAsked = (request.targets ?? []).some(({ target, access }) => {
      const entry = catalog.targets[target];
      return entry !== undefined && isAskedFor(held, [target, entry], access);
    });
    const isOurs = hasMark(held, request, identity.principalId);
    return isOurs && (!isAsked || held.principalId !== identity.principalId);
  });
  const roles = more.map(({ id }) => `Mooring gave a role that the request does not ask for: ${id}`);
  const reached = [...users].flatMap(([database, inDatabase]) =>
    named.includes(database) || unseen.includes(database)
      ? []
      : [...inDatabase.values()]
          .filter((user) => user.sid === sid && !user.isDisabled)
          .map((user) => `it reaches ${database} as ${user.name}, and the request does not name it`),
  );
  return [
    ...roles,
    ...surplusInCosmos(azure.cosmosAccounts, request, identity.principalId),
    ...surplusOnPostgres(postgres, {
      ...{ namespaceRef: request, targets: request.targets ?? [] },
      principalId: identity.principalId,
    }),
    ...reached,
  ];
}

/** Nobody becomes the identity but the account of the request: what else Mooring made for that is gone. */
export function checkSurplus({ azure, objects }: World, request: OnboardingRequest): Problem[] {
  const isAsked = (account: string) => request.identityMode !== "podIdentity" && account === request.serviceAccount;
  const isBound = request.identityMode === "identityBinding";
  const credentials = azure.identities.has(identityName(request))
    ? (azure.credentials.get(identityName(request)) ?? [])
    : [];
  const surplus = credentials.filter(({ name, subject }) => {
    const account = subject.split(":").at(-1) ?? "";
    return name === federatedCredentialName(request, account) && (isBound || !isAsked(account));
  });
  const isSurplus = ({ kind, name }: ObjectRef) =>
    (kind === "ServiceAccount" && !isAsked(name)) ||
    (kind.startsWith("AzureIdentity") && request.identityMode !== "podIdentity") ||
    (kind === "ClusterRole" && !isBound) ||
    (kind === "ClusterRoleBinding" && (!isBound || name !== useBindingName(request, request.serviceAccount)));
  const marked = [...objects.values()].filter((stored) => {
    const { ref, goodbyes } = stored;
    if (
      (ref.namespace !== request.namespace && !ref.kind.startsWith("ClusterRole")) ||
      goodbyes !== undefined ||
      !isSurplus(ref)
    )
      return false;
    return readMetadata(print(stored).metadata)?.berth === namespaceKey(request);
  });
  return [
    ...surplus.map(({ name, subject }) => `no record asks for credential ${name} of ${subject}`),
    ...marked.map(({ ref }) => `no record asks for ${refKey(ref)}`),
  ];
}

function read(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}

/** Nothing of this operation is left, Mooring's earlier things are still there, and everything else is unchanged. */
export function checkUndone(
  before: Snapshot,
  after: Snapshot,
  named: readonly string[],
  { recordedMarks = [], keepsNamespace = false }: { recordedMarks?: readonly string[]; keepsNamespace?: boolean } = {},
): Problem[] {
  const isNamed = (undo: string) =>
    named.includes(undo) ||
    named.some((each) => each.startsWith(`${undo} `)) ||
    (/^un(federate|bind)Identity$/.test(undo) && named.includes("removeIdentity"));
  const problems: Problem[] = [];
  for (const thing of after.values()) {
    const was = before.get(thing.key);
    if (!was && keepsNamespace && isNamespace(thing) && thing.madeBy === undefined) continue;
    if (!was && !isNamed(thing.undo)) problems.push(`left behind: ${thing.key}`);
    // A mark that an offboarding which broke off had removed, and that the namespace's record still knows, may return.
    const by = thing.madeBy ?? /"mooring\.dev\/adopted-by":"([^"]+)"/.exec(thing.content)?.[1];
    const isMarkedAgain = by !== undefined && recordedMarks.some((mark) => mark.includes(by));
    const isForeign = was !== undefined && was.madeBy === undefined && !was.isLent && !isMarkedAgain;
    if (isForeign && was.content !== thing.content && !isNamed(thing.undo)) {
      problems.push(`changed, and not Mooring's: ${thing.key}\n    ${was.content}\n    ${thing.content}`);
    }
  }
  for (const thing of before.values()) {
    // A migration removed it, and said that it could not return it.
    const isNamedLost = named.includes(returnedBy[thing.undo] ?? "");
    if (!after.has(thing.key) && !isNamedLost && !thing.isDead)
      problems.push(`removed, and not this operation's: ${thing.key}`);
  }
  return problems;
}

/** What a migration has removed is put back by another undo. */
const returnedBy: Readonly<Record<string, string>> = {
  removePodIdentity: "returnPodIdentity",
  removeServiceAccount: "returnServiceAccount",
  unfederateIdentity: "returnCredential",
  withdrawIdentityUse: "returnIdentityUse",
  unbindIdentity: "returnIdentityBinding",
};

function isNamespace({ key }: Thing): boolean {
  return key.startsWith("object v1 Namespace");
}

/** While a namespace is onboarded, everything that is not Mooring's is still there. */
export function checkForeignThere(first: Snapshot, after: Snapshot): Problem[] {
  return [...first.values()]
    .filter(({ key, madeBy }) => madeBy === undefined && !after.has(key))
    .map(({ key }) => `removed, and not Mooring's: ${key}`);
}

/** After an offboarding, nothing of Mooring's is left, and everything else is as it was before any request. */
export function checkGone(
  first: Snapshot,
  after: Snapshot,
  { keepsNamespace }: { keepsNamespace: boolean },
): Problem[] {
  const problems = checkForeignThere(first, after);
  for (const thing of after.values()) {
    const was = first.get(thing.key);
    if (isNamespace(thing) && keepsNamespace && thing.madeBy === undefined) continue;
    if (thing.madeBy !== undefined) problems.push(`still there: ${thing.key}`);
    else if (!was) problems.push(`nobody's: ${thing.key}`);
    else if (was.content !== thing.content) {
      problems.push(`changed, and not Mooring's: ${thing.key}\n    ${was.content}\n    ${thing.content}`);
    }
  }
  return problems;
}

/** The record says how it ended, and every step says what happened to it. */
export async function checkRecords(world: World, operation: OperationRecord): Promise<Problem[]> {
  const problems: Problem[] = [];
  const { id, status, endTime, error } = operation;
  if (!isFinal(status)) problems.push(`operation is ${status}`);
  if (endTime === undefined) problems.push("operation has no endTime");
  if ((status !== "Succeeded") !== (error !== undefined)) problems.push(`operation is ${status} with ${error?.code}`);
  const steps = endedSteps(operation, await world.registry.listSteps(id));
  for (const { name, target, startTime } of steps) {
    const isWhole = [name, target, startTime].every((field) => typeof field === "string");
    if (!isWhole) problems.push(`a step without name, target or start: ${name} ${target} ${startTime}`);
  }
  const running = steps.filter((step) => !isFinal(step.status));
  for (const { name, target } of running) problems.push(`step ${name} ${target} is still running`);
  if (status === "Succeeded") {
    const planned = plannedOf(operation, steps);
    for (const { name, target } of planned) {
      const step = steps.find((each) => each.name === name && each.target === target);
      if (step?.status !== "Succeeded") problems.push(`step ${name} ${target} is ${step?.status}`);
    }
    const undone = steps.filter((step) => !planned.some((each) => isSameStep(each, step)));
    for (const step of undone.filter((each) => each.status === "Succeeded")) {
      problems.push(`it has succeeded, and has undone: ${step.name} ${step.target}`);
    }
  }
  return problems;
}

/** Every effect that a step reports is in the audit trail exactly once. */
export async function checkAudit(
  { registry, auditEntries, weather, engine }: World,
  { id, status, error, restarts = 0 }: OperationRecord,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const entries = auditEntries().filter(({ operation }) => operation === id);
  for (const step of await registry.listSteps(id)) {
    const found = entries.filter(({ kind, what, target }) => {
      return kind === "effect" && what === step.name && target === step.target;
    });
    const succeeded = found.filter(({ outcome }) => outcome === "Succeeded");
    // A step that finally failed says that it may have had its effect.
    const isMissing = found.length === 0;
    const hadEffect = step.status === "Succeeded" && step.action !== undefined && step.action !== "none";
    // The trail itself may have been unavailable. Also, an entry is lost when a process dies between effect and entry
    // in a step whose later attempts all fail, or when an attempt that the runtime had given up fails there: none follows.
    const isLast = weather.deaths > 0 || engine.seen.some((what) => what === `no worker for ${activityOf(step.name)}`);
    const isAway = error?.message.includes("MooringAudit") || (status !== "Succeeded" && isLast);
    if (succeeded.length > 1 || (hadEffect && isMissing && !isAway)) {
      problems.push(
        `audit has ${succeeded.length} effects of ${step.name} ${step.target} (${step.action}): ${succeeded.map(({ action }) => action).join()}`,
      );
    }
  }
  const count = (decision: string) =>
    entries.filter(({ kind, action }) => kind === "decision" && action === decision).length;
  if (count("takenUp") < restarts)
    problems.push(`taken up ${restarts} times, and audit has it ${count("takenUp")} times`);
  if (count("ended") !== 1) problems.push(`audit has "ended" ${count("ended")} times`);
  // An operation that never got past its first step may lack the entry of its acceptance.
  if (count("accepted") !== 1 && (status === "Succeeded" || count("accepted") > 1)) {
    problems.push(`audit has "accepted" ${count("accepted")} times`);
  }
  return problems;
}

function activityOf(step: string): string {
  return activities[step] ?? step;
}

/** Of steps that share one. */
const activities: Readonly<Record<string, string>> = {
  ensureIdentity: "prepareNamespace",
  applyNamespace: "prepareNamespace",
  applyServiceAccount: "connectWorkload",
  federateIdentity: "connectWorkload",
};

/** The steps that may make or change a thing, and those that may remove it. */
const forwards: Readonly<Record<string, readonly string[]>> = {
  removeIdentity: ["ensureIdentity"],
  unfederateIdentity: ["federateIdentity", "returnCredential"],
  revokeDatabase: ["grantDatabase"],
  revokeTarget: ["grantTarget"],
  removeServiceAccount: ["applyServiceAccount", "returnServiceAccount"],
  removePodIdentity: ["applyPodIdentity", "returnPodIdentity"],
  withdrawIdentityUse: ["allowIdentityUse", "returnIdentityUse"],
  unbindIdentity: ["bindIdentity", "returnIdentityBinding"],
  removeProfile: ["applyProfile"],
  removeNamespace: ["applyNamespace"],
};
const backwards: Readonly<Record<string, readonly string[]>> = {
  removeIdentity: ["removeIdentity"],
  unfederateIdentity: ["unfederateIdentity", "retireCredential", "removeLeftovers", "removeIdentity"],
  revokeDatabase: ["revokeDatabase", "retireDatabase"],
  // A grant takes away what an earlier identity had.
  revokeTarget: ["revokeTarget", "retireTarget", "narrowTarget", "grantTarget"],
  removeRoles: ["removeLeftovers", "revokeTarget", "retireTarget", "narrowTarget", "grantTarget"],
  removeServiceAccount: ["removeServiceAccount", "retireServiceAccount", "removeLeftovers", "removeNamespace"],
  removePodIdentity: ["removePodIdentity", "removeLeftovers", "removeNamespace"],
  withdrawIdentityUse: ["withdrawIdentityUse", "retireIdentityUse", "removeLeftovers"],
  unbindIdentity: ["unbindIdentity", "removeLeftovers", "removeIdentity"],
  removeProfile: ["removeProfile", "retireProfile", "removeLeftovers", "removeNamespace"],
  removeNamespace: ["removeNamespace"],
};

/** The effects of a successful operation on the world match its steps and the audit trail. */
export async function checkActions(
  { registry, auditEntries }: World,
  { id, status }: OperationRecord,
  { before, after }: { before: Snapshot; after: Snapshot },
): Promise<Problem[]> {
  if (status !== "Succeeded") return [];
  const problems: Problem[] = [];
  const steps = await registry.listSteps(id);
  const entries = auditEntries().filter((entry) => entry.operation === id && entry.kind === "effect");
  const expectTold = (what: string, thing: Thing, names: readonly string[] = [], actions: readonly string[]) => {
    const [, database] = thing.undo.split(" ");
    const isIts = (step: { target: string }) => database === undefined || step.target === database;
    const told = steps.filter((step) => names.includes(step.name) && isIts(step));
    if (!told.some(({ action }) => action !== undefined && actions.includes(action))) {
      const said = told.map(({ name, action }) => `${name} ${action}`).join(", ");
      problems.push(`${thing.key} was ${what}, and its steps say: ${said}`);
    }
    if (!entries.some((entry) => names.includes(entry.what) && isIts(entry))) {
      problems.push(`${thing.key} was ${what}, and the audit trail does not say so`);
    }
  };
  for (const thing of after.values()) {
    const [undo = ""] = thing.undo.split(" ");
    if (!before.has(thing.key)) expectTold("made", thing, forwards[undo], ["create", "update", "adopt"]);
  }
  for (const thing of before.values()) {
    const [undo = ""] = thing.undo.split(" ");
    // What nobody has may be gone before the last try looks, which then tells only what it gives.
    const gone = ["delete", "update", "keep", ...(thing.isDead === true ? ["create"] : [])];
    if (!after.has(thing.key)) expectTold("taken away", thing, backwards[undo], gone);
  }
  for (const { name, action, target } of steps) {
    // A namespace that was already being deleted is deleted once more.
    if ((action !== "delete" && action !== "create") || name === "removeNamespace") continue;
    const of = Object.entries(action === "delete" ? backwards : forwards).filter(([, names]) => names.includes(name));
    const concerned = ({ undo }: Thing) => of.some(([kind]) => undo === kind || undo === `${kind} ${target}`);
    const differs = (a: Snapshot, b: Snapshot) =>
      [...a.values()].some((thing) => concerned(thing) && b.get(thing.key)?.content !== thing.content);
    if (of.length > 0 && !(differs(before, after) || differs(after, before))) {
      problems.push(`step ${name} says ${action}, and nothing is other than before`);
    }
  }
  return problems;
}
