/**
 * Azure Cosmos DB for NoSQL: an account, a database or a container. The account itself decides on its data, by roles of its own: these
 * are not roles in Azure, and have no description, no condition and no time (learn.microsoft.com "Use data plane role-based access
 * control with Azure Cosmos DB for NoSQL").
 */
import { z } from "zod";
import { namesOf } from "../lookUp.ts";
import { environmentField } from "../naming/environment.ts";
import type { PrincipalId } from "../naming/identityPair.ts";
import { type NamespaceRef, namespaceKey } from "../naming/names.ts";
import { isNameOf, isOwnName, ownName } from "../naming/ownName.ts";
import type { Access } from "./access.ts";
import { type Address, type ConnectionPart, endpointField } from "./connection.ts";
import { networkField } from "./reach.ts";

/** Of the account, its databases, containers and roles. */
export const cosmosApiVersion = "2024-11-15";

interface CosmosRole {
  /** As Azure names it. */
  readonly name: string;
  /** The GUID of its definition, the same in every account. */
  readonly id: string;
}

/** The built-in roles. The second also allows what the first does. */
const roles = {
  read: { name: "Cosmos DB Built-in Data Reader", id: "00000000-0000-0000-0000-000000000001" },
  write: { name: "Cosmos DB Built-in Data Contributor", id: "00000000-0000-0000-0000-000000000002" },
} satisfies { readonly [Word in Access]?: CosmosRole };

const cosmosWords = namesOf(roles);

export interface GivenCosmosRole extends CosmosRole {
  readonly word: keyof typeof roles;
}

export const cosmosRoles: readonly GivenCosmosRole[] = cosmosWords.map((word) => ({ ...roles[word], word }));

/** One role is enough: the largest that is asked for. */
export function cosmosRolesFor(access: readonly Access[]): readonly GivenCosmosRole[] {
  return cosmosRoles.filter(({ word }) => access.includes(word)).slice(-1);
}

// ——— What the operator's catalog says ———

/** Azure allows more; what this excludes would break out of the scope. */
const nameOfPart = (part: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.~ -]{0,253}[A-Za-z0-9_.~-]$|^[A-Za-z0-9_]$/, `must be the name of one ${part}`)
    .exactOptional();

const address: Address = {
  field: "endpoint",
  of: (name) => `https://${name}.documents.azure.com`,
  variable: "COSMOS_ENDPOINT",
};

/** All of an entry that says where it is. */
export const CosmosPlace = z
  .strictObject({
    kind: z.literal("cosmosNoSql").meta({ description: "What the target is (docs/targets.md)." }),
    resourceId: z
      .string()
      .regex(
        /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.DocumentDB\/databaseAccounts\/[^/]+$/i,
        "must be /subscriptions/…/resourceGroups/…/providers/Microsoft.DocumentDB/databaseAccounts/…",
      )
      .meta({ description: "The account in Azure, as `az resource show --query id` prints it." }),
    endpoint: endpointField(address.of("<name>")),
    database: nameOfPart("database").meta({
      description: "The name of the database in the account; without it, requests get all of the account.",
    }),
    container: nameOfPart("container").meta({
      description: "The name of the container in the database; without it, requests get all of the database.",
    }),
  })
  .refine(({ database, container }) => container === undefined || database !== undefined, {
    path: ["container"],
    message: "needs a database",
  });
export type CosmosPlace = z.infer<typeof CosmosPlace>;

export const CosmosEntry = CosmosPlace.extend({
  environment: environmentField,
  network: networkField,
  access: z.array(z.enum(cosmosWords)).min(1).meta({ description: "What requests can ask for." }),
});

/** Of gateway mode; what direct mode needs besides, a profile opens (docs/profiles.md). */
export const cosmosPorts = [443];

export function cosmosConnection(place: CosmosPlace): readonly ConnectionPart[] {
  const { field, of, variable } = address;
  const value = place.endpoint ?? of(place.resourceId.split("/").at(-1) ?? "");
  return [
    { field, variable, value },
    ...(place.database === undefined
      ? []
      : [{ field: "database", variable: "COSMOS_DATABASE", value: place.database }]),
    ...(place.container === undefined
      ? []
      : [{ field: "container", variable: "COSMOS_CONTAINER", value: place.container }]),
  ];
}

// ——— Where a role is given, and under which name ———

/** Below the account, as roles name it: `/dbs/shop/colls/orders`; empty for the account itself. */
export function cosmosScope({ database, container }: CosmosPlace): string {
  const parts = [
    database === undefined ? "" : `/dbs/${database}`,
    container === undefined ? "" : `/colls/${container}`,
  ];
  return parts.join("");
}

/** What is asked of the account whether it is there, as ARM names it: the account, its database, and the container. */
export function cosmosResources({ resourceId, database, container }: CosmosPlace): readonly string[] {
  const inDatabase = `${resourceId}/sqlDatabases/${database}`;
  return [
    resourceId,
    ...(database === undefined ? [] : [inDatabase]),
    ...(container === undefined ? [] : [`${inDatabase}/containers/${container}`]),
  ];
}

/** A role that an identity has in an account, at a scope below it. */
export interface CosmosGrant {
  /** The GUID of the role's definition. */
  readonly roleId: string;
  readonly principalId: string;
  /** As `cosmosScope` says it. */
  readonly scope: string;
}

/**
 * The name of the assignment is its mark, and nobody can change it: whom Mooring made it for, and in which operation. A second attempt
 * finds the first. A recreated identity has another principal ID, and so another name.
 */
export function cosmosAssignmentName(
  grant: CosmosGrant & { readonly principalId: PrincipalId },
  by: { readonly namespaceRef: NamespaceRef; readonly operation: string; readonly installation?: string | undefined },
): string {
  return ownName({ thing: thingOf(grant, by), operation: by.operation });
}

/** Whether Mooring gave it for that namespace: this installation, or an earlier release, whose names do not say which. */
export function isOwnAssignment(
  { name, ...grant }: CosmosGrant & { readonly name: string },
  namespaceRef: NamespaceRef,
  installation?: string,
): boolean {
  return [undefined, installation].some((each) =>
    isOwnName(name, thingOf(grant, { namespaceRef, installation: each })),
  );
}

export const isGivenBy = isNameOf;

/** The account is left out: the same name in another account is another assignment. */
function thingOf(
  { roleId, principalId, scope }: CosmosGrant,
  { namespaceRef, installation }: { readonly namespaceRef: NamespaceRef; readonly installation?: string | undefined },
): readonly string[] {
  const by = installation === undefined ? [] : [installation];
  return ["cosmosNoSql", namespaceKey(namespaceRef), scope, principalId.toLowerCase(), roleId, ...by];
}
