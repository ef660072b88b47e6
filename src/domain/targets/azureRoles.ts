/**
 * Targets on which Azure itself decides: the identity gets a built-in role there, by a role assignment. One table says everything
 * about each kind; adding a kind is one entry (learn.microsoft.com "Azure built-in roles").
 */
import { z } from "zod";
import { lookUp, namesOf } from "../lookUp.ts";
import { environmentField } from "../naming/environment.ts";
import { guid } from "../naming/guid.ts";
import type { PrincipalId } from "../naming/identityPair.ts";
import type { Access } from "./access.ts";
import { type Address, type ConnectionPart, endpointField, hostField } from "./connection.ts";
import { networkField } from "./reach.ts";

interface Role {
  /** As Azure names it. */
  readonly name: string;
  /** The GUID of its definition. */
  readonly id: string;
  /** What the role also allows: not given a second time by a role of its own. */
  readonly includes?: readonly Access[];
}

/** A part of the resource that has a scope of its own. */
interface Part {
  /** What follows the resource, or the part that it is in, in the ID of the scope; then comes the name. */
  readonly path: string;
  readonly pattern: RegExp;
  /** In which an application finds its name. */
  readonly variable: string;
  /** The part that has to be named, too. */
  readonly inside?: string;
  /** The words whose role has an effect at the part's scope; all of the kind's without it. */
  readonly gives?: readonly Access[];
  /** Words that allow the proof of the part, besides those that allow it anywhere. */
  readonly provenBy?: readonly Access[];
}

interface AzureRoleKind {
  readonly resourceType: string;
  /** Of the resource and its parts, to see that they are there. */
  readonly apiVersion: string;
  /** What its clients connect to: HTTPS, and AMQP where they speak that. */
  readonly ports: readonly number[];
  /** The property without which roles on the resource have no effect. */
  readonly needs?: string;
  /** How applications reach it. */
  readonly address: Address;
  /** Each of these words allows a call that only reads, by which a verification Job proves the access; empty if there is none. */
  readonly provenBy: readonly Access[];
  readonly parts: Readonly<Record<string, Part>>;
  readonly roles: { readonly [Word in Access]?: Role };
}

/** Names of containers, queues and the like do not exceed what Azure allows; what they exclude would break out of the ID. */
const storageName = /^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$/;
const entityName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,258}[A-Za-z0-9_])?$/;

const table = {
  storageBlob: {
    resourceType: "Microsoft.Storage/storageAccounts",
    apiVersion: "2023-05-01",
    address: {
      field: "endpoint",
      of: (name) => `https://${name}.blob.core.windows.net`,
      variable: "STORAGE_BLOB_ENDPOINT",
    },
    ports: [443],
    provenBy: ["read", "write"],
    parts: {
      container: { path: "blobServices/default/containers", pattern: storageName, variable: "STORAGE_BLOB_CONTAINER" },
    },
    roles: {
      read: { name: "Storage Blob Data Reader", id: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" },
      write: {
        name: "Storage Blob Data Contributor",
        id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        includes: ["read"],
      },
    },
  },
  storageQueue: {
    resourceType: "Microsoft.Storage/storageAccounts",
    apiVersion: "2023-05-01",
    address: {
      field: "endpoint",
      of: (name) => `https://${name}.queue.core.windows.net`,
      variable: "STORAGE_QUEUE_ENDPOINT",
    },
    ports: [443],
    provenBy: ["read", "write"],
    parts: {
      queue: {
        path: "queueServices/default/queues",
        pattern: storageName,
        variable: "STORAGE_QUEUE_NAME",
        provenBy: ["receive"],
      },
    },
    roles: {
      read: { name: "Storage Queue Data Reader", id: "19e7f393-937e-4f77-808e-94535e297925" },
      send: { name: "Storage Queue Data Message Sender", id: "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a" },
      receive: { name: "Storage Queue Data Message Processor", id: "8a0f0c08-91a1-4084-bc3d-661d67233fed" },
      write: {
        name: "Storage Queue Data Contributor",
        id: "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        includes: ["read", "send", "receive"],
      },
    },
  },
  storageTable: {
    resourceType: "Microsoft.Storage/storageAccounts",
    apiVersion: "2023-05-01",
    address: {
      field: "endpoint",
      of: (name) => `https://${name}.table.core.windows.net`,
      variable: "STORAGE_TABLE_ENDPOINT",
    },
    ports: [443],
    provenBy: ["read", "write"],
    parts: {
      table: {
        path: "tableServices/default/tables",
        pattern: /^[A-Za-z][A-Za-z0-9]{2,62}$/,
        variable: "STORAGE_TABLE_NAME",
      },
    },
    roles: {
      read: { name: "Storage Table Data Reader", id: "76199698-9eea-4c19-bc75-cec21354c6b6" },
      write: {
        name: "Storage Table Data Contributor",
        id: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        includes: ["read"],
      },
    },
  },
  keyVaultSecrets: {
    resourceType: "Microsoft.KeyVault/vaults",
    apiVersion: "2023-07-01",
    ports: [443],
    needs: "enableRbacAuthorization",
    address: { field: "endpoint", of: (name) => `https://${name}.vault.azure.net`, variable: "KEY_VAULT_ENDPOINT" },
    provenBy: ["read", "write"],
    parts: { secret: { path: "secrets", pattern: /^[A-Za-z0-9-]{1,127}$/, variable: "KEY_VAULT_SECRET" } },
    roles: {
      read: { name: "Key Vault Secrets User", id: "4633458b-17de-408a-b874-0445c86b69e6" },
      write: { name: "Key Vault Secrets Officer", id: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", includes: ["read"] },
    },
  },
  serviceBus: {
    resourceType: "Microsoft.ServiceBus/namespaces",
    apiVersion: "2021-11-01",
    address: { field: "host", of: (name) => `${name}.servicebus.windows.net`, variable: "SERVICE_BUS_HOST" },
    ports: [443, 5671],
    provenBy: [],
    parts: {
      queue: { path: "queues", pattern: entityName, variable: "SERVICE_BUS_QUEUE", provenBy: ["receive"] },
      topic: { path: "topics", pattern: entityName, variable: "SERVICE_BUS_TOPIC" },
      subscription: {
        path: "subscriptions",
        pattern: entityName,
        variable: "SERVICE_BUS_SUBSCRIPTION",
        inside: "topic",
        // Messages are sent to the topic, which is above it.
        gives: ["receive"],
        provenBy: ["receive"],
      },
    },
    roles: {
      send: { name: "Azure Service Bus Data Sender", id: "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39" },
      receive: { name: "Azure Service Bus Data Receiver", id: "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0" },
    },
  },
  eventHubs: {
    resourceType: "Microsoft.EventHub/namespaces",
    apiVersion: "2024-01-01",
    address: { field: "host", of: (name) => `${name}.servicebus.windows.net`, variable: "EVENT_HUBS_HOST" },
    ports: [443, 5671],
    provenBy: [],
    parts: { eventHub: { path: "eventhubs", pattern: entityName, variable: "EVENT_HUBS_HUB" } },
    roles: {
      send: { name: "Azure Event Hubs Data Sender", id: "2b629674-e913-4c01-ae53-ef4638d8f975" },
      receive: { name: "Azure Event Hubs Data Receiver", id: "a638d3c7-ab3a-418d-83e6-5f17a39d4fde" },
    },
  },
  appConfiguration: {
    resourceType: "Microsoft.AppConfiguration/configurationStores",
    apiVersion: "2024-05-01",
    address: { field: "endpoint", of: (name) => `https://${name}.azconfig.io`, variable: "APP_CONFIGURATION_ENDPOINT" },
    ports: [443],
    provenBy: ["read", "write"],
    parts: {},
    roles: {
      read: { name: "App Configuration Data Reader", id: "516239f1-63e1-4d78-a4de-a74fb236a071" },
      write: {
        name: "App Configuration Data Owner",
        id: "5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b",
        includes: ["read"],
      },
    },
  },
  openAi: {
    resourceType: "Microsoft.CognitiveServices/accounts",
    apiVersion: "2024-10-01",
    address: { field: "endpoint", of: (name) => `https://${name}.openai.azure.com`, variable: "AZURE_OPENAI_ENDPOINT" },
    ports: [443],
    provenBy: ["use"],
    parts: {},
    roles: { use: { name: "Cognitive Services OpenAI User", id: "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd" } },
  },
} as const satisfies Record<string, AzureRoleKind>;

type Table = typeof table;
export type AzureRoleKindName = keyof Table;
export const azureRoleKinds: { readonly [Name in AzureRoleKindName]: AzureRoleKind } = table;
export const azureRoleKindNames = namesOf(table);

/** What each kind can give. */
export const azureRoleWords = byAzureRoleKind(({ roles }) => namesOf(roles));

/** A table that is total over these kinds. */
function byAzureRoleKind<T>(use: (kind: AzureRoleKind) => T): { readonly [Name in AzureRoleKindName]: T } {
  const entries = azureRoleKindNames.map((name) => [name, use(azureRoleKinds[name])] as const);
  return Object.fromEntries(entries) as { [Name in AzureRoleKindName]: T };
}

// ——— What the operator's catalog says ———

type PartName = { [Name in AzureRoleKindName]: keyof Table[Name]["parts"] }[AzureRoleKindName];

const addressFields = { endpoint: endpointField, host: hostField } satisfies Record<Address["field"], unknown>;

/** Every part is optional here; the schema of each kind knows only its own. */
type PlaceShape = {
  kind: z.ZodLiteral<AzureRoleKindName>;
  resourceId: z.ZodString;
} & { [Name in PartName | Address["field"]]: z.ZodExactOptional<z.ZodString> };

function placeOf(kind: AzureRoleKindName): z.ZodObject<PlaceShape, z.core.$strict> {
  const { resourceType, parts, address } = azureRoleKinds[kind];
  const id = `/subscriptions/…/resourceGroups/…/providers/${resourceType}/…`;
  const pattern = new RegExp(
    `^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/${resourceType.replaceAll(".", "\\.")}/[^/]+$`,
    "i",
  );
  const partFields = Object.entries(parts).map(([name, part]) => {
    const where = part.inside
      ? `in the ${part.inside}`
      : "in the resource; without it, requests get all of the resource";
    return [
      name,
      z
        .string()
        .regex(part.pattern, `must be the name of one ${name} in Azure`)
        .exactOptional()
        .meta({ description: `The name of the ${name} ${where}.` }),
    ] as const;
  });
  const shape = {
    kind: z.literal(kind).meta({ description: "What the target is (docs/targets.md)." }),
    resourceId: z.string().regex(pattern, `must be ${id}`).meta({
      description: "The resource in Azure, as `az resource show --query id` prints it.",
    }),
    [address.field]: addressFields[address.field](address.of("<name>")),
    ...Object.fromEntries(partFields),
  };
  return z.strictObject(shape as unknown as PlaceShape).superRefine((place, context) => {
    for (const { path, message } of misnamedParts(place)) context.addIssue({ code: "custom", path: [path], message });
  });
}

function entryOf(place: ReturnType<typeof placeOf>, kind: AzureRoleKindName) {
  return place
    .extend({
      environment: environmentField,
      network: networkField,
      access: z.array(z.enum(azureRoleWords[kind])).min(1).meta({ description: "What requests can ask for." }),
    })
    .superRefine((entry, context) => {
      for (const [index, word] of entry.access.entries()) {
        const part = partsOf(entry).find(({ gives }) => gives?.includes(word) === false);
        if (!part) continue;
        const message = `${word} gives nothing at a ${part.name}: name it in a target without ${part.name}`;
        context.addIssue({ code: "custom", path: ["access", index], message });
      }
    });
}

const places = azureRoleKindNames.map((kind) => [kind, placeOf(kind)] as const);
const [firstPlace, ...otherPlaces] = places.map(([, place]) => place);
const [firstEntry, ...otherEntries] = places.map(([kind, place]) => entryOf(place, kind));
if (!firstPlace || !firstEntry) throw new Error("no kind of target has Azure roles");

/** All of an entry that says where it is. */
export const AzureRolePlace = z.discriminatedUnion("kind", [firstPlace, ...otherPlaces]);
export type AzureRolePlace = z.infer<typeof AzureRolePlace>;

export const AzureRoleEntry = z.discriminatedUnion("kind", [firstEntry, ...otherEntries]);

/** One part, or a part and the one that it is in. */
function misnamedParts(place: AzureRolePlace): readonly { readonly path: string; readonly message: string }[] {
  const named = partsOf(place);
  const without = named.filter(({ inside }) => inside !== undefined && !named.some(({ name }) => name === inside));
  const outermost = named.filter(({ inside }) => inside === undefined);
  return [
    ...without.map(({ name, inside }) => ({ path: name, message: `needs a ${inside}` })),
    ...outermost
      .slice(1)
      .map(({ name }) => ({ path: name, message: `excludes ${outermost[0]?.name}: name one of them` })),
  ];
}

// ——— Where a role is given, and under which name ———

/** Of a place of any kind: whether access there is a role in Azure. */
export function isAzureRolePlace<P extends { readonly kind: string }>(place: P): place is Extract<P, AzureRolePlace> {
  return Object.hasOwn(azureRoleKinds, place.kind);
}

function partsOf(place: AzureRolePlace): readonly (Part & { readonly name: string; readonly value: string })[] {
  return Object.entries(azureRoleKinds[place.kind].parts).flatMap(([name, part]) => {
    const value = lookUp<unknown>(place, name);
    return typeof value === "string" ? [{ ...part, name, value }] : [];
  });
}

/** What an application needs to connect: where the resource is, and the names of its parts. */
export function azureConnection(place: AzureRolePlace): readonly ConnectionPart[] {
  const { field, of, variable } = azureRoleKinds[place.kind].address;
  const value = place[field] ?? of(place.resourceId.split("/").at(-1) ?? "");
  return [{ field, variable, value }, ...partsOf(place).map(({ name, ...part }) => ({ ...part, field: name }))];
}

/** Whether a verification Job can tell that the access is in effect. */
export function isProvable(place: AzureRolePlace, access: readonly Access[]): boolean {
  const words = [...azureRoleKinds[place.kind].provenBy, ...partsOf(place).flatMap(({ provenBy = [] }) => provenBy)];
  return access.some((word) => words.includes(word));
}

/** How long an assignment takes at most until it is in effect everywhere (learn.microsoft.com "Troubleshoot Azure RBAC"). */
export const roleDelayMs = 600_000;

/** What has to be there, as ARM names it: the resource, then its parts, each in the one before it. */
export function azureResources(place: AzureRolePlace): readonly string[] {
  const ids = [place.resourceId];
  for (const { path, value } of partsOf(place)) ids.push(`${ids.at(-1)}/${path}/${value}`);
  return ids;
}

/** The ID of the resource, or of its part. */
export function scopeOf(place: AzureRolePlace): string {
  return azureResources(place).at(-1) ?? place.resourceId;
}

export interface GivenRole extends Role {
  readonly word: Access;
}

/** As few roles as give everything that is asked for. */
export function rolesFor(kind: AzureRoleKindName, access: readonly Access[]): readonly GivenRole[] {
  const asked = everyRole(kind).filter(({ word }) => access.includes(word));
  return asked.filter(({ word }) => !asked.some(({ includes = [] }) => includes.includes(word)));
}

export function everyRole(kind: AzureRoleKindName): readonly GivenRole[] {
  const { roles } = azureRoleKinds[kind];
  return namesOf(roles).flatMap((word) => {
    const role = roles[word];
    return role ? [{ ...role, word }] : [];
  });
}

/** Roles in Azure that reach no data by themselves, and that whoever has them can change all the same (learn.microsoft.com). */
const managementRoles: Readonly<Record<string, string>> = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
};

/** For people: the name of a role of any kind, or the GUID of one that is none of ours. */
export function roleNameOf(roleDefinitionId: string): string {
  const id = roleDefinitionId.split("/").at(-1)?.toLowerCase() ?? "";
  const known = azureRoleKindNames.flatMap(everyRole).find((role) => role.id === id)?.name;
  return known ?? managementRoles[id] ?? `role ${id}`;
}

/**
 * The name of the assignment: the same in every attempt, so that a second one finds the first. A recreated identity has another
 * principal ID, and so another name. `guid(toLower(scope), principalId, roleId)` in Bicep.
 */
export function assignmentName(scope: string, principalId: PrincipalId, roleId: string): string {
  return guid(scope.toLowerCase(), principalId.toLowerCase(), roleId.toLowerCase());
}
