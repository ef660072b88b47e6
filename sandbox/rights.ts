/** The rights that infra/ tells an operator to grant Mooring. The sandbox grants exactly these, so what works there needs no others. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { PolicyRule } from "../packages/azure-sim/src/world.ts";
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import { traitsOf } from "../src/domain/catalog/clusterKinds.ts";
import { type ClusterFeatures, clusterRightsFor } from "./clusterRights.ts";

const folder = join(dirname(import.meta.dirname), "infra");

const RoleDefinition = z.object({ Actions: z.array(z.string()), NotActions: z.array(z.never()) });

/** By name. */
const AssignableRoles = z.record(z.string(), z.guid());

const names = z.array(z.string()).exactOptional();
const Rule = z.strictObject({
  apiGroups: names,
  resources: names,
  resourceNames: names,
  nonResourceURLs: names,
  verbs: z.array(z.string()),
});
const ClusterRole = z.object({ kind: z.literal("ClusterRole"), rules: z.array(Rule) });

export interface Rights {
  /** Actions of Mooring's role in Azure. */
  readonly actions: readonly string[];
  /** Actions of its role on SQL servers whose administrator the catalog names. */
  readonly administratorActions: readonly string[];
  /** Actions of its role on the catalog's other targets. */
  readonly targetActions: readonly string[];
  /** Actions of its role on clusters for which the catalog has identity bindings. */
  readonly bindingActions: readonly string[];
  /** Actions of its role on clusters whose managed namespaces get profiles. */
  readonly managedActions: readonly string[];
  /** Actions of its role on the catalog's Cosmos DB accounts. */
  readonly cosmosActions: readonly string[];
  /** The GUIDs of the roles that the condition on that role lets it give, to service principals only. */
  readonly assignableRoles: readonly string[];
  /** Rules of its ClusterRoles, with every feature. */
  readonly rules: readonly PolicyRule[];
  /** T-SQL that creates the user `mooring` in a database. */
  readonly databaseUser: string;
}

/** What Mooring may do in Azure with this catalog, as infra/modules/rights/targets.bicep grants it. */
export function actionsFor(rights: Rights, { clusters, sqlServers, targets }: Catalog): readonly string[] {
  const traits = Object.values(clusters).map(traitsOf);
  const kinds = Object.values(targets).map(({ kind }) => kind);
  return [
    ...rights.actions,
    ...(Object.values(sqlServers).some(({ entraAdmin }) => entraAdmin !== undefined)
      ? rights.administratorActions
      : []),
    ...(traits.some(({ identityBinding }) => identityBinding !== undefined) ? rights.bindingActions : []),
    ...(traits.some(({ managedNamespaces }) => managedNamespaces !== undefined) ? rights.managedActions : []),
    ...(kinds.length > 0 ? rights.targetActions : []),
    ...(kinds.includes("cosmosNoSql") ? rights.cosmosActions : []),
  ];
}

export async function readRights(): Promise<Rights> {
  const read = (name: string) => readFile(join(folder, name), "utf8");
  const [
    role,
    administratorRole,
    bindingRole,
    managedRole,
    targetRole,
    targetRoles,
    cosmosRole,
    inClusters,
    databaseUser,
  ] = await Promise.all([
    read("azure/role-definition.json"),
    read("azure/sql-administrator-role.json"),
    read("azure/identity-binding-role.json"),
    read("azure/managed-namespace-role.json"),
    read("azure/target-role.json"),
    read("azure/target-roles.json"),
    read("azure/cosmos-role.json"),
    readClusterRights(everyFeature, ""),
    read("sql/database-user.sql"),
  ]);
  return {
    actions: RoleDefinition.parse(JSON.parse(role)).Actions,
    administratorActions: RoleDefinition.parse(JSON.parse(administratorRole)).Actions,
    bindingActions: RoleDefinition.parse(JSON.parse(bindingRole)).Actions,
    managedActions: RoleDefinition.parse(JSON.parse(managedRole)).Actions,
    targetActions: RoleDefinition.parse(JSON.parse(targetRole)).Actions,
    cosmosActions: RoleDefinition.parse(JSON.parse(cosmosRole)).Actions,
    assignableRoles: Object.values(AssignableRoles.parse(JSON.parse(targetRoles))),
    rules: inClusters.rules,
    databaseUser,
  };
}

export interface ClusterRights {
  readonly rules: readonly PolicyRule[];
  /** All documents: roles, bindings and policies. */
  readonly documents: readonly unknown[];
}

/** No cluster has all of them. */
const everyFeature: ClusterFeatures = {
  identityModes: ["podIdentity"],
  hasBindings: true,
  verificationJob: { image: "" },
  sqlHosts: [],
  targetAddresses: [],
  isManagedByAzure: false,
  hasProfiles: true,
  podSecurity: [],
};

/** What an operator applies to such a cluster, which knows Mooring by that name. */
export async function readClusterRights(cluster: ClusterFeatures, userName: string): Promise<ClusterRights> {
  const text = await clusterRightsFor(cluster, userName);
  const documents = parseAllDocuments(text).map((document): unknown => document.toJS());
  const roles = documents.map((document) => ClusterRole.safeParse(document).data);
  return { documents, rules: roles.flatMap((role) => role?.rules ?? []) };
}
