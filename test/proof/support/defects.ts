/** Defects that the simulation must find, so that finding nothing in the real code is meaningful. */

import { z } from "zod";
import { identityRef } from "../../../src/domain/catalog/clusters.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import { createOperationId } from "../../../src/domain/naming/operationId.ts";
import { readTags } from "../../../src/domain/naming/ownership.ts";
import { handOver, isHeld } from "../../../src/domain/operation/lifecycle.ts";
import { seenOf } from "../../../src/domain/operation/namespaceBatch.ts";
import type { DatabaseTarget } from "../../../src/domain/targets/sqlDatabase.ts";
import { orchestration } from "../../../src/durable/orchestration.ts";
import { type OnFailure, saga } from "../../../src/durable/saga.ts";
import { conclude, OperationInput, setPhase } from "../../../src/orchestrations/operation.ts";
import { provision } from "../../../src/orchestrations/provision.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { isPolicyKind } from "./networkWorld.ts";
import type { SimulateOptions } from "./simulate.ts";
import type { World } from "./world.ts";

/** Registers each undo too late: a step that failed after it took effect is never undone. */
const undoAfterStep = orchestration({
  name: "undoAfterStep",
  input: OperationInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "onboard" }, () =>
      saga((onFailure) => provision(context, input, { onFailure: late(onFailure), endsOperation: true }), {
        beforeCompensation: () => setPhase(context, "compensating"),
      }),
    ),
});

function late(onFailure: OnFailure): OnFailure {
  let held: Parameters<OnFailure> | undefined;
  return (...undo) => {
    if (held) onFailure(...held);
    held = undo;
  };
}

/** Runs forward again although it was being undone. */
const forwardAgain = orchestration({
  name: "forwardAgain",
  input: OperationInput,
  run: (context, { resumed, ...input }) =>
    conclude(context, { ...input, kind: "onboard" }, () => {
      const { failure: _why, ...rest } = resumed ?? { undos: [], isCommitted: false, hasChanged: false };
      return saga((onFailure) => provision(context, { ...input, resumed: rest }, { onFailure, endsOperation: true }));
    }),
});

/** Gives what the other team asks for before it takes away what the first team has. */
const giveFirst = orchestration({
  name: "giveFirst",
  input: OperationInput,
  run: (context, { takesOver: _both, ...input }) =>
    conclude(context, { ...input, kind: "change" }, () =>
      saga((onFailure) => provision(context, input, { onFailure, endsOperation: true }), {
        beforeCompensation: () => setPhase(context, "compensating"),
      }),
    ),
});

/** Hands a namespace over when its take-over is accepted. */
function withoutWaiting(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = ({ etag, ...record }) =>
    registry.replaceNamespace({ ...((isHeld(record) && handOver(record)) || record), etag });
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Nothing waits until a namespace that is deleted is gone. */
function withoutGoing({ catalog, ...ports }: Ports): Ports {
  return { ...ports, catalog: { ...catalog, retry: { ...catalog.retry, namespaceDeletionMs: 0 } } };
}

/** Every try of a step passes for its first, so that none finds out that the operation is being undone. */
function withoutAttempts(ports: Ports): Ports {
  const { registry } = ports;
  return {
    ...ports,
    registry: {
      ...registry,
      async startStep(...step) {
        const [operation, key] = step;
        const before = await registry.startStep(...step);
        if (before) await registry.repeatStep(operation, key, before.attempts + 1);
        return undefined;
      },
    },
  };
}

/** Undoes without closing the steps that have not begun. */
function withoutClosing(ports: Ports): Ports {
  const { registry } = ports;
  return { ...ports, registry: { ...registry, closeSteps: (operation) => registry.listSteps(operation) } };
}

/** Resumes an operation as if it had done nothing. */
function withoutSteps(ports: Ports): Ports {
  return { ...ports, registry: { ...ports.registry, listSteps: async () => [] } };
}

/** An identity without its tags, a user without its mark: an undo considers them somebody else's. */
function withoutMarks(ports: Ports): Ports {
  const { identities, databases } = ports;
  return {
    ...ports,
    identities: { ...identities, put: (ref, settings) => identities.put(ref, { ...settings, tags: {} }) },
    databases: {
      ...databases,
      change: (target, changes) =>
        databases.change(
          target,
          changes.filter(({ kind }) => kind !== "mark"),
        ),
    },
  };
}

/** Deletes anything with the given name, whoever made it. */
function withoutLooking(ports: Ports): Ports {
  const { kubernetes } = ports;
  return {
    ...ports,
    kubernetes: {
      ...kubernetes,
      async apply(cluster, object, options) {
        if (options?.dryRun) return await kubernetes.apply(cluster, object, options);
        const { namespace, name } = object.metadata;
        const ref = { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}) };
        const current = await kubernetes.get(cluster, ref);
        if (current?.metadata.uid) await kubernetes.remove(cluster, ref, { uid: current.metadata.uid });
        return await kubernetes.apply(cluster, object, options);
      },
    },
  };
}

/** A second delivery that differs from the first: every credential gets a new name. */
function withNewNames(ports: Ports): Ports {
  let count = 0;
  const { identities } = ports;
  return {
    ...ports,
    identities: {
      ...identities,
      putFederatedCredential(ref, credential) {
        count += 1;
        return identities.putFederatedCredential(ref, { ...credential, name: `${credential.name}-${count}` });
      },
    },
  };
}

/** Claims to have opened the gate without doing so. */
function withoutOpening(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = async (record) =>
    record.state === "Onboarded" && record.onboardedTime !== undefined ? true : registry.replaceNamespace(record);
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Forgets how far a migration has got. */
function withoutMigration(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = (record) => {
    if (record.state !== "Onboarded") return registry.replaceNamespace(record);
    const { migration: _migration, ...rest } = record;
    return registry.replaceNamespace(rest);
  };
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Sees no pods, even if some use the identity. */
function withoutPods(ports: Ports): Ports {
  return { ...ports, kubernetes: { ...ports.kubernetes, list: async () => [] } };
}

/** Sees nothing of what others have in a namespace. */
function withoutOccupants(ports: Ports): Ports {
  return { ...ports, kubernetes: { ...ports.kubernetes, listMetadata: async () => [] } };
}

/** As 0.1.0: only these kinds counted. */
function withoutOtherKinds(ports: Ports): Ports {
  const { kubernetes } = ports;
  const work = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "PersistentVolumeClaim", "Pod"];
  const listMetadata: typeof kubernetes.listMetadata = async (cluster, query) =>
    work.includes(query.kind) ? kubernetes.listMetadata(cluster, query) : [];
  return { ...ports, kubernetes: { ...kubernetes, listMetadata } };
}

/** What Mooring wrote in Azure stays there. */
function withLastingProfiles(ports: Ports): Ports {
  const { managedNamespaces } = ports;
  const replace: typeof managedNamespaces.replace = async (ref, document, eTag) => {
    if (document.tags?.["mooring-namespace"] !== undefined) await managedNamespaces.replace(ref, document, eTag);
  };
  return { ...ports, managedNamespaces: { ...managedNamespaces, replace } };
}

/** A quota that is deleted stays, and nobody says so. */
function withLastingQuotas(ports: Ports): Ports {
  const { kubernetes } = ports;
  const remove: typeof kubernetes.remove = async (cluster, ref, ...rest) =>
    ref.kind === "ResourceQuota" ? undefined : await kubernetes.remove(cluster, ref, ...rest);
  return { ...ports, kubernetes: { ...kubernetes, remove } };
}

/** Forgets which team has a namespace. */
function withoutTeam(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = ({ team: _team, ...record }) =>
    registry.replaceNamespace(record);
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** A status that shows no effect where there was one. */
function withoutActions(ports: Ports): Ports {
  const { registry } = ports;
  const updateStep: typeof registry.updateStep = (operation, step, { action, ...changes }) =>
    registry.updateStep(operation, step, action === undefined ? changes : { ...changes, action: "none" });
  return { ...ports, registry: { ...registry, updateStep } };
}

/** Writes a separate entry for every attempt. */
function withNewEntries(ports: Ports): Ports {
  let count = 0;
  return {
    ...ports,
    audit: {
      ...ports.audit,
      append(entry) {
        count += 1;
        return ports.audit.append({ ...entry, id: `${entry.id}-${count}-${Math.random()}` });
      },
    },
  };
}

function withoutEntries(ports: Ports): Ports {
  return {
    ...ports,
    audit: {
      ...ports.audit,
      append: async (entry) => (entry.kind === "effect" ? undefined : ports.audit.append(entry)),
    },
  };
}

/** Counts no namespaces, so that a quota is never reached. */
function withoutCounting(ports: Ports): Ports {
  return { ...ports, registry: { ...ports.registry, countNamespaces: async () => 0 } };
}

/** Forgets earlier answers. */
function withoutKeys(ports: Ports): Ports {
  const idempotencyKeys = { ...ports.idempotencyKeys, find: async () => undefined, insert: async () => true };
  return { ...ports, idempotencyKeys };
}

/** Loses a record's previous state, so that there is nothing to restore; for a change the compiler would reject this. */
function withoutPrevious(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = (record) => {
    if (record.state === "Changing") return registry.replaceNamespace(record);
    const { previous: _previous, ...rest } = record;
    return registry.replaceNamespace(rest);
  };
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Finds users by their name alone. */
function withNamesOnly(ports: Ports): Ports {
  const { databases } = ports;
  const inspect: typeof databases.inspect = (target, { name }) => databases.inspect(target, { name, sid: undefined });
  return { ...ports, databases: { ...databases, inspect } };
}

/** Sees no users but those that Mooring marked. */
function withoutOthers(ports: Ports): Ports {
  const { databases } = ports;
  const inspect: typeof databases.inspect = async (...asked) => {
    const state = await databases.inspect(...asked);
    return { ...state, users: state.users.filter(({ mark }) => mark !== undefined) };
  };
  return { ...ports, databases: { ...databases, inspect } };
}

/** Sees nothing of what an earlier operation's late writes left. */
function withoutLate(ports: Ports): Ports {
  const { identities, kubernetes } = ports;
  return {
    ...ports,
    identities: {
      ...identities,
      federatedCredentials: async (ref) =>
        (await identities.federatedCredentials(ref)).filter(({ subject }) => !subject.endsWith(":former")),
    },
    kubernetes: {
      ...kubernetes,
      list: async (...asked) => (await kubernetes.list(...asked)).filter(({ metadata }) => metadata.name !== "former"),
    },
  };
}

/** Goes to no database that the catalog does not list. */
function withListedOnly(ports: Ports): Ports {
  const { catalog, databases } = ports;
  const expectListed = ({ server, database }: DatabaseTarget) => {
    if (catalog.sqlServers[server.alias]?.databases[database]) return;
    throw new PermanentError("UNKNOWN_DATABASE", `the catalog lists no ${database}`);
  };
  const inspect: typeof databases.inspect = async (target, user) => {
    expectListed(target);
    return await databases.inspect(target, user);
  };
  return { ...ports, databases: { ...databases, inspect } };
}

/** Knows any identity with the namespace's tags. */
function withTagsOnly(ports: Ports): Ports {
  const { catalog, identities, registry } = ports;
  const getNamespace: typeof registry.getNamespace = async (berth) => {
    const record = await registry.getNamespace(berth);
    if (record?.clientId !== undefined) return record;
    const identity = await identities.get(identityRef(catalog, berth));
    return record && identity ? { ...record, clientId: identity.clientId } : record;
  };
  return { ...ports, registry: { ...registry, getNamespace } };
}

/** Discards the findings of a verification. */
function withoutFindings(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = ({ findings: _findings, ...record }) =>
    registry.replaceNamespace({ ...record, findings: [] });
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Somebody changes an existing entry. */
function changeEntry({ trail }: World): void {
  const [row, entry] = [...trail].find(([key]) => key.startsWith("e-")) ?? [];
  if (row !== undefined && entry) trail.set(row, { ...entry, who: "nobody" });
}

/** Claims to undo a migration's phases without doing so. */
function withoutUndoing(ports: Ports): Ports {
  const { kubernetes } = ports;
  const remove: typeof kubernetes.remove = async (cluster, ref, precondition) =>
    ref.kind === "ServiceAccount" ? undefined : kubernetes.remove(cluster, ref, precondition);
  return { ...ports, kubernetes: { ...kubernetes, remove } };
}

/** Leaves every role on a target as it is. */
function withoutTakingRoles(ports: Ports): Ports {
  return { ...ports, roleAssignments: { ...ports.roleAssignments, remove: async () => undefined } };
}

/** The role that was asked for, by the name of its assignment, which no other role has. */
const askedRoles = new Map<string, string>();

/** Gives whatever role is asked for as another one, and does not see that. */
function withAnotherRole(ports: Ports): Ports {
  const { roleAssignments } = ports;
  const put: typeof roleAssignments.put = (ref, given) => {
    askedRoles.set(ref.name, given.roleId);
    return roleAssignments.put(ref, { ...given, roleId: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" });
  };
  const madeAt: typeof roleAssignments.madeAt = async (scope) =>
    (await roleAssignments.madeAt(scope)).map((each) => {
      const asked = askedRoles.get(each.id.split("/").at(-1) ?? "");
      return asked === undefined ? each : { ...each, roleDefinitionId: `/roleDefinitions/${asked}` };
    });
  return { ...ports, roleAssignments: { ...roleAssignments, put, madeAt } };
}

/** Leaves every role on a PostgreSQL server where it is. */
function withoutDroppingRoles(ports: Ports): Ports {
  return { ...ports, postgres: { ...ports.postgres, drop: async () => undefined } };
}

/** Leaves every role in a Cosmos DB account as it is. */
function withoutTakingCosmosRoles(ports: Ports): Ports {
  return { ...ports, cosmosRoles: { ...ports.cosmosRoles, remove: async () => undefined } };
}

/** The asked role, by the name of its assignment, which no other has. */
const askedInCosmos = new Map<string, string>();

/** Gives whatever role is asked for in a Cosmos DB account as another one, and does not see that. */
function withAnotherCosmosRole(ports: Ports): Ports {
  const { cosmosRoles } = ports;
  return {
    ...ports,
    cosmosRoles: {
      ...cosmosRoles,
      assign(account, assignment) {
        askedInCosmos.set(assignment.name, assignment.roleId);
        return cosmosRoles.assign(account, { ...assignment, roleId: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" });
      },
      assignmentsIn: async (account) =>
        (await cosmosRoles.assignmentsIn(account)).map((each) => ({
          ...each,
          roleId: askedInCosmos.get(each.name) ?? each.roleId,
        })),
    },
  };
}

const everywhere = { to: [{ ipBlock: { cidr: "10.99.0.0/16" } }] };

/** Opens more by a network policy than is asked for, and does not see that. */
function withWiderPolicies(ports: Ports): Ports {
  const { kubernetes } = ports;
  const withRules = (object: KubernetesObject, change: (rules: unknown[]) => unknown[]): KubernetesObject => {
    const { egress, ...spec } = z.looseObject({ egress: z.array(z.unknown()) }).parse(object["spec"]);
    return { ...object, spec: { ...spec, egress: change(egress) } };
  };
  const isWider = (rule: unknown) => JSON.stringify(rule) === JSON.stringify(everywhere);
  const seen = (object: KubernetesObject) => withRules(object, (rules) => rules.filter((rule) => !isWider(rule)));
  return {
    ...ports,
    kubernetes: {
      ...kubernetes,
      async apply(cluster, object, options) {
        if (!isPolicyKind(object.kind)) return await kubernetes.apply(cluster, object, options);
        const wider = withRules(object, (rules) => [...rules, everywhere]);
        return seen(await kubernetes.apply(cluster, wider, options));
      },
      async get(cluster, ref) {
        const found = await kubernetes.get(cluster, ref);
        return found && isPolicyKind(ref.kind) ? seen(found) : found;
      },
    },
  };
}

/** By name, bindings that were to be removed. */
const lastingBindings = new Set<string>();

/** Leaves every identity binding where it is, and does not see that. */
function withLastingBindings(ports: Ports): Ports {
  const { identityBindings } = ports;
  return {
    ...ports,
    identityBindings: {
      ...identityBindings,
      get: async (ref) => (lastingBindings.has(ref.name) ? undefined : await identityBindings.get(ref)),
      listAt: async (clusterId) =>
        (await identityBindings.listAt(clusterId)).filter(({ name }) => !lastingBindings.has(name)),
      async put(ref, settings) {
        lastingBindings.delete(ref.name);
        await identityBindings.put(ref, settings);
      },
      async remove({ name }) {
        lastingBindings.add(name);
      },
    },
  };
}

/** Gives nothing on tables that come later, and does not see that. */
function withoutNextTables(ports: Ports): Ports {
  const { postgres } = ports;
  const whole: typeof postgres.inspect = async (...asked) => {
    const { roles, schema } = await postgres.inspect(...asked);
    if (!schema) return { roles, schema };
    return { roles, schema: { ...schema, held: [...schema.held, ...schema.heldPartly], heldPartly: [] } };
  };
  return {
    ...ports,
    postgres: { ...postgres, inspect: whole, grant: (place, given) => postgres.grant(place, { ...given, owners: [] }) },
  };
}

/** Sees a role by its name alone, whomever else it lets in. */
function withRolesByName(ports: Ports): Ports {
  const { postgres } = ports;
  const inspect: typeof postgres.inspect = (place, who) => postgres.inspect(place, { ...who, principalId: undefined });
  return { ...ports, postgres: { ...postgres, inspect } };
}

/** Sees what a role has by itself, and not as a member of others. */
function withoutInherited(ports: Ports): Ports {
  const { postgres } = ports;
  const inspect: typeof postgres.inspect = async (...asked) => {
    const { roles, schema } = await postgres.inspect(...asked);
    return { roles, schema: schema && { ...schema, inherited: [] } };
  };
  return { ...ports, postgres: { ...postgres, inspect } };
}

/** Lists the identities that Mooring made. */
function withTaggedOnly(ports: Ports): Ports {
  const { identities } = ports;
  const listIn: typeof identities.listIn = async (place) =>
    (await identities.listIn(place)).filter(({ tags }) => readTags(tags) !== undefined);
  return { ...ports, identities: { ...identities, listIn } };
}

/** Sees in a ConfigMap only what it wants there: what it set before, and does not want any more, stays. */
function withoutOwnFields(ports: Ports): Ports {
  const { kubernetes } = ports;
  const get: typeof kubernetes.get = async (cluster, ref) => {
    const found = await kubernetes.get(cluster, ref);
    if (found?.kind !== "ConfigMap") return found;
    const { managedFields: _, ...metadata } = found.metadata;
    return { ...found, metadata };
  };
  return { ...ports, kubernetes: { ...kubernetes, get } };
}

/** Never records the end of an item. */
function withoutEnds(ports: Ports): Ports {
  const { registry } = ports;
  const updateBatchItems: typeof registry.updateBatchItems = (batch, updates) =>
    registry.updateBatchItems(
      batch,
      updates.filter(({ changes: { status } }) => status !== "Succeeded"),
    );
  return { ...ports, registry: { ...registry, updateBatchItems } };
}

/** Counts one more than there are. */
function withMoreSuccesses(ports: Ports): Ports {
  const { registry } = ports;
  const amendBatch: typeof registry.amendBatch = (record, { result, ...changes }) =>
    registry.amendBatch(
      record,
      result ? { ...changes, result: { ...result, succeeded: result.succeeded + 1 } } : changes,
    );
  return { ...ports, registry: { ...registry, amendBatch } };
}

/** Does not know that a lane starts what it has claimed. */
function withoutStarters(ports: Ports): Ports {
  const { registry } = ports;
  const heldNamespaces: typeof registry.heldNamespaces = async () =>
    (await registry.heldNamespaces()).map((record) => ({ ...record, batch: undefined }));
  return { ...ports, registry: { ...registry, heldNamespaces } };
}

/** Claims with a new id at every attempt. */
function withNewClaims(ports: Ports): Ports {
  const { registry } = ports;
  const getBatchItem: typeof registry.getBatchItem = async (batch, index) => {
    const item = await registry.getBatchItem(batch, index);
    return item && { ...item, claim: createOperationId(new Date()) };
  };
  return { ...ports, registry: { ...registry, getBatchItem } };
}

/** Misses that a batch was canceled. */
function withoutCancel(ports: Ports): Ports {
  const { registry } = ports;
  const getBatch: typeof registry.getBatch = async (id) => {
    const record = await registry.getBatch(id);
    if (!record) return undefined;
    const { cancel: _cancel, ...rest } = record;
    return rest;
  };
  return { ...ports, registry: { ...registry, getBatch } };
}

/** Never takes an item a second time, even if a lane left it unfinished. */
function withoutReturning(ports: Ports): Ports {
  const { registry } = ports;
  const replaceOpenBatch: typeof registry.replaceOpenBatch = async (record) =>
    Object.keys(record.taken).length === 0 ? true : registry.replaceOpenBatch(record);
  return { ...ports, registry: { ...registry, replaceOpenBatch } };
}

/** Loses a batch between its rows and its record. */
function withoutBatches(ports: Ports): Ports {
  const { registry } = ports;
  let count = 0;
  const insertBatch: typeof registry.insertBatch = async (record, requests) => {
    count += 1;
    if (count % 2 === 0) await registry.insertBatch(record, requests);
  };
  return { ...ports, registry: { ...registry, insertBatch } };
}

/** Mistakes the version at the item's turn for the chosen one. */
function withoutSeen(ports: Ports): Ports {
  const { registry } = ports;
  const getBatchItem: typeof registry.getBatchItem = async (batch, index) => {
    const item = await registry.getBatchItem(batch, index);
    const record = item?.seen && (await registry.getNamespace(item));
    return item && record ? { ...item, seen: seenOf(record) } : item;
  };
  return { ...ports, registry: { ...registry, getBatchItem } };
}

/** Treats every namespace as the caller's own. */
function withOneTeam(ports: Ports): Ports {
  const { registry } = ports;
  const getNamespace: typeof registry.getNamespace = async (berth) => {
    const record = await registry.getNamespace(berth);
    return record && { ...record, team: "green" };
  };
  return { ...ports, registry: { ...registry, getNamespace } };
}

/** Gives what 0.1.0 gave, whatever roles the database has. */
function withFixedRoles(ports: Ports): Ports {
  const { databases } = ports;
  return {
    ...ports,
    databases: {
      ...databases,
      async inspect(target, user) {
        const state = await databases.inspect(target, user);
        return { ...state, roles: state.roles.filter((role) => !role.startsWith("mooring_")) };
      },
    },
  };
}

interface Defect extends SimulateOptions {
  /** The problems that reveal it. */
  readonly finds: RegExp;
  /** The first world to search, 0 by default; a rare defect shows in one of several hundred worlds. */
  readonly from?: number;
  /** Whether the search covers only worlds with batches. */
  readonly isOfBatches?: boolean;
}

/** What is rare in other worlds happens in one of a few. */
const eventful = { moreActs: 4 };

const onPostgresByOthers = "makes another role that can use a schema, or lets one use more";

const leaks = /left behind|still there|nobody's|not Mooring's|another issuer/;

const hasOthers = /, which \S+ got/;

/** At least one for each invariant. */
export const defects: Readonly<Record<string, Defect>> = {
  "an undo that is registered after its step": {
    instead: { onboardNamespace: undoAfterStep.orchestrationName },
    finds: leaks,
  },
  "an operation that is taken up and has forgotten what it began": { spoil: withoutSteps, finds: leaks },
  "an operation that is taken up and makes again what it had undone": {
    instead: { onboardNamespace: forwardAgain.orchestrationName },
    spoil: withoutAttempts,
    finds: /and has undone/,
    changes: eventful,
  },
  "a take-over that gives first": {
    instead: { changeNamespace: giveFirst.orchestrationName },
    finds: hasOthers,
    changes: eventful,
  },
  "a take-over that hands over first": { spoil: withoutWaiting, finds: hasOthers, changes: eventful },
  "a removal that does not wait for its namespace": { spoil: withoutGoing, finds: /its namespace is still going/ },
  "an undo that does not close what has not begun": { spoil: withoutClosing, finds: leaks, from: 500 },
  "a mark that is not written": { spoil: withoutMarks, finds: leaks },
  "an object that is replaced without a look": { spoil: withoutLooking, finds: leaks },
  "a credential with another name each time": { spoil: withNewNames, finds: leaks },
  "a service account that is never removed": { spoil: withoutUndoing, finds: leaks },
  "a role on a target that is never taken away": {
    spoil: withoutTakingRoles,
    finds: /(still there|left behind): role/,
  },
  "another role on a target than the asked one": { spoil: withAnotherRole, finds: /the identity may not/ },
  "a role on a PostgreSQL server that is never dropped": {
    spoil: withoutDroppingRoles,
    finds: /(still there|left behind|nobody's): postgres/,
  },
  "a role on a PostgreSQL server that is known by its name alone": {
    spoil: withRolesByName,
    finds: /postgres renamed|the identity is still renamed|has \S+ \S+ from Mooring/,
    changes: { deed: "renames the role", ...eventful },
  },
  "another role on a PostgreSQL server that nobody counts": {
    spoil: withRolesByName,
    finds: /the identity reaches \S+ as by-hand/,
    changes: { deed: onPostgresByOthers, ...eventful },
  },
  "rights of a role that it has by others, which nobody counts": {
    spoil: withoutInherited,
    finds: /the identity reaches \S+ as by-hand/,
    changes: { deed: onPostgresByOthers, ...eventful },
  },
  "an identity that was there before, and whose lost row nobody tells": {
    spoil: withTaggedOnly,
    finds: /the row is lost, and nobody is told of/,
    from: 150,
    changes: { deed: "loses a row", ...eventful },
  },
  "a right on a schema's tables of today alone": { spoil: withoutNextTables, finds: /lacks \S+ ON / },
  "a ConfigMap that forgets no target": { spoil: withoutOwnFields, finds: /names the targets|ConfigMap/ },
  "a gate that is not opened": { spoil: withoutOpening, finds: /stuck as/ },
  "a migration that forgets how far it has come": { spoil: withoutMigration, finds: /the record says undefined/ },
  "a migration that overlooks pods": { spoil: withoutPods, finds: /a pod has lost its identity/, from: 500 },
  "a namespace that is deleted with what others have in it": {
    spoil: withoutOccupants,
    finds: /removed, and somebody else's/,
  },
  "a namespace in which only workloads count": { spoil: withoutOtherKinds, finds: /removed, and somebody else's/ },
  "a quota of a profile that stays": { spoil: withLastingQuotas, finds: /left behind|left over|still there/ },
  "a profile in Azure that is never given back": {
    spoil: withLastingProfiles,
    finds: /still has the profile|changed, and not Mooring's: managed/,
  },
  "a record that forgets its team": { spoil: withoutTeam, finds: /'s and is|still undefined's|a stranger/ },
  "a status without what was done": { spoil: withoutActions, finds: /and its steps say/ },
  "an audit trail with an entry for every try": { spoil: withNewEntries, finds: /audit has/ },
  "an audit trail without effects": { spoil: withoutEntries, finds: /audit/ },
  "an audit entry that somebody changed": { atEnd: changeEntry, finds: /the chain of the audit trail is broken/ },
  "a record that forgets what it was": { spoil: withoutPrevious, finds: /the namespace's record is undefined/ },
  "a user that is known by its name alone": { spoil: withNamesOnly, finds: /still there|it reaches/ },
  "a verification that overlooks users of others": { spoil: withoutOthers, finds: /it reaches/ },
  "a database that nobody goes to after the catalog has dropped it": {
    spoil: withListedOnly,
    finds: /still there|it reaches/,
  },
  "an identity that is known by its tags alone": { spoil: withTagsOnly, finds: /got the first team's identity/ },
  "a repair that overlooks what no record asks for": { spoil: withoutLate, finds: /no record asks for/ },
  "a repair that leaves fixed roles": { spoil: withFixedRoles, finds: /and the database has Mooring's roles/ },
  "a record that keeps no findings": { spoil: withoutFindings, finds: /the look found nothing/ },
  "a quota that nobody counts": { spoil: withoutCounting, finds: /a team with quota 1 has/ },
  "an idempotency key that is forgotten": { spoil: withoutKeys, finds: /the same key got/ },
  "an item of a batch that never ends": { spoil: withoutEnds, finds: /: team\S* is Running/, isOfBatches: true },
  "a batch that counts wrong": { spoil: withMoreSuccesses, finds: /its totals are/, isOfBatches: true },
  "a timer that starts what is a lane's": {
    spoil: withoutStarters,
    finds: /was begun a second time/,
    isOfBatches: true,
  },
  "an item that claims anew with every try": { spoil: withNewClaims, finds: /items name it/, isOfBatches: true },
  "a batch that goes on after its cancel": {
    spoil: withoutCancel,
    finds: /began after its batch had been canceled/,
    isOfBatches: true,
  },
  "an item that nobody takes after a lane has broken off": {
    spoil: withoutReturning,
    finds: /stuck/,
    isOfBatches: true,
  },
  "a batch that is lost": { spoil: withoutBatches, finds: /was accepted and is lost/, isOfBatches: true },
  "a batch that takes what has changed since it was chosen": {
    spoil: withoutSeen,
    finds: /is not what was chosen/,
    isOfBatches: true,
  },
  "a role in Cosmos DB that is never taken away": {
    spoil: withoutTakingCosmosRoles,
    finds: /(still there|left behind): cosmos role/,
  },
  "another role in Cosmos DB than the asked one": {
    spoil: withAnotherCosmosRole,
    finds: /the identity lacks a role at/,
  },
  "a batch that takes what another team has": { spoil: withOneTeam, finds: /'s and is green's/, isOfBatches: true },
  "a network policy that opens more than is asked for": {
    spoil: withWiderPolicies,
    finds: /the network policy opens 10\.99/,
  },
  "a migration that leaves the binding where it is": {
    spoil: withLastingBindings,
    finds: /retired, and it is still there: binding/,
    from: 395,
  },
};
