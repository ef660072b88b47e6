/**
 * The two IDs of a managed identity. Azure SQL knows an identity by its client ID; role assignments, PostgreSQL and Cosmos DB know
 * it by its principal ID. Both are GUIDs, so a mix-up would only show as access that does not work: it does not compile instead.
 */
import { z } from "zod";

export const ClientId = z.guid().brand<"ClientId">();
export type ClientId = z.infer<typeof ClientId>;

export const PrincipalId = z.guid().brand<"PrincipalId">();
export type PrincipalId = z.infer<typeof PrincipalId>;

/** An operator's decision about what has the marks of identities that no record knows: the ID of the namespace's, or any of them. */
export const anyIdentity = "any";
export const AdoptIdentity = z.union([z.guid().toLowerCase(), z.literal(anyIdentity)]);

export const IdentityPair = z.object({ clientId: ClientId, principalId: PrincipalId });
export type IdentityPair = z.infer<typeof IdentityPair>;
