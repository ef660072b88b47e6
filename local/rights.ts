/** The rights that infra/ tells an operator to grant Mooring. The sandbox grants exactly these, so what works there needs no others. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { PolicyRule } from "./simulators/world.ts";

const folder = join(dirname(import.meta.dirname), "infra");

const RoleDefinition = z.object({ Actions: z.array(z.string()), NotActions: z.array(z.never()) });

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
  /** Rules of its ClusterRole. */
  readonly rules: readonly PolicyRule[];
  /** T-SQL that creates the user `mooring` in a database. */
  readonly databaseUser: string;
}

export async function readRights(): Promise<Rights> {
  const read = (name: string) => readFile(join(folder, name), "utf8");
  const [role, administratorRole, clusterRole, namespaceDeletion, databaseUser] = await Promise.all([
    read("azure/role-definition.json"),
    read("azure/sql-administrator-role.json"),
    read("kubernetes/cluster-role.yaml"),
    read("kubernetes/namespace-deletion.yaml"),
    read("sql/database-user.sql"),
  ]);
  const documents = [clusterRole, namespaceDeletion]
    .flatMap((text) => [...parseAllDocuments(text)])
    .map((document) => ClusterRole.safeParse(document.toJS()).data);
  return {
    actions: RoleDefinition.parse(JSON.parse(role)).Actions,
    administratorActions: RoleDefinition.parse(JSON.parse(administratorRole)).Actions,
    rules: documents.flatMap((document) => document?.rules ?? []),
    databaseUser,
  };
}
