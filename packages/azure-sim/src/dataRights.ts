/**
 * What a caller of a service's data may do: by its roles in Azure, each from the time at which it takes effect
 * (learn.microsoft.com "Troubleshoot Azure RBAC": "can take up to 10 minutes").
 */
import { isWithin } from "./arm/resourcePath.ts";
import { checkAccessToken, type TokenCheck } from "./entra/accessTokens.ts";
import type { ServicePrincipal, World } from "./world.ts";

/** Services whose actions have the same names. */
export type DataService = "serviceBus" | "eventHubs";

/** learn.microsoft.com "Azure built-in roles": the actions on data, without the providers before them. */
const actionsOfRole: Readonly<Record<string, readonly string[]>> = {
  // Storage Blob Data Reader
  "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": ["containers/read", "blobs/read"],
  // Storage Blob Data Contributor
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe": [
    ...["containers/read", "containers/write", "containers/delete"],
    ...["blobs/read", "blobs/write", "blobs/delete"],
  ],
  // Storage Queue Data Reader
  "19e7f393-937e-4f77-808e-94535e297925": ["queues/read", "messages/read"],
  // Storage Queue Data Message Sender
  "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": ["messages/add"],
  // Storage Queue Data Message Processor
  "8a0f0c08-91a1-4084-bc3d-661d67233fed": ["messages/read", "messages/process"],
  // Storage Queue Data Contributor
  "974c5e8b-45b9-4653-ba55-5f855dd0fb88": [...["queues/read", "messages/read", "messages/add", "messages/process"]],
  // Storage Table Data Reader
  "76199698-9eea-4c19-bc75-cec21354c6b6": ["tables/read", "entities/read"],
  // Storage Table Data Contributor
  "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ["tables/read", "tables/write", "entities/read", "entities/write"],
  // Key Vault Secrets User
  "4633458b-17de-408a-b874-0445c86b69e6": ["secrets/readMetadata", "secrets/get"],
  // Key Vault Secrets Officer
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": ["secrets/readMetadata", "secrets/get", "secrets/set", "secrets/delete"],
  // Azure Service Bus Data Owner
  "090c5cfd-751d-490a-894a-3ce6f1109419": ["serviceBus/send", "serviceBus/receive"],
  // Azure Service Bus Data Sender
  "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": ["serviceBus/send"],
  // Azure Service Bus Data Receiver
  "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": ["serviceBus/receive"],
  // Azure Event Hubs Data Owner
  "f526a384-b230-433a-b45c-95f59c4a2dec": ["eventHubs/send", "eventHubs/receive"],
  // Azure Event Hubs Data Sender
  "2b629674-e913-4c01-ae53-ef4638d8f975": ["eventHubs/send"],
  // Azure Event Hubs Data Receiver
  "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": ["eventHubs/receive"],
  // App Configuration Data Reader
  "516239f1-63e1-4d78-a4de-a74fb236a071": ["keyValues/read"],
  // App Configuration Data Owner
  "5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b": ["keyValues/read", "keyValues/write", "keyValues/delete"],
  // Cognitive Services OpenAI User
  "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": [
    ...["models/read", "deployments/chat/completions/action", "deployments/embeddings/action"],
  ],
};

export type DataCaller = Extract<TokenCheck, { outcome: "valid" }>;

export type DataCheck =
  | { readonly outcome: "caller"; readonly caller: DataCaller }
  | { readonly outcome: "anonymous" }
  | { readonly outcome: "refused"; readonly why: string };

/** Whose token it is; it may be for any of the audiences. */
export async function checkCaller(
  world: World,
  authorization: string | undefined,
  audiences: readonly string[],
): Promise<DataCheck> {
  const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) return { outcome: "anonymous" };
  const check = await checkAccessToken(
    world,
    token,
    audiences.flatMap((each) => [each, `${each}/`]),
  );
  switch (check.outcome) {
    case "valid":
      return { outcome: "caller", caller: check };
    case "expired":
      return { outcome: "refused", why: "Lifetime validation failed. The token is expired." };
    case "wrongAudience":
      return { outcome: "refused", why: "Audience validation failed. Audience did not match." };
    case "invalid":
      return { outcome: "refused", why: "Signature validation failed." };
  }
}

/** The scope is that of the part, or of the resource. */
export function mayDo(
  world: World,
  { principalId }: Pick<ServicePrincipal, "principalId">,
  { action, scope }: { readonly action: string; readonly scope: string },
): boolean {
  return [...world.roleAssignments.values()].some(
    (each) =>
      each.principalId === principalId &&
      actionsOfRole[each.role]?.includes(action) === true &&
      isWithin(scope, each.scope) &&
      // No condition that this world knows is true of anything.
      each.condition === undefined &&
      isInEffect(world, each),
  );
}

/** Azure publishes no time for roles of a service's own; they are as its own are. */
export function isInEffect(
  { now, roleDelayMs }: World,
  { createdTime }: { readonly createdTime?: Date | undefined },
): boolean {
  return createdTime === undefined || createdTime.getTime() + roleDelayMs <= now().getTime();
}
