/** Managed identities and their federated credentials: Azure Resource Manager. */
import type { ClientId, PrincipalId } from "../domain/naming/identityPair.ts";

export interface IdentityRef {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

export interface ManagedIdentity {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientId: ClientId;
  readonly principalId: PrincipalId;
  readonly tenantId: string;
}

export interface FederatedCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

export interface ManagedIdentities {
  get(ref: IdentityRef): Promise<ManagedIdentity | undefined>;
  /** Empty if the resource group is gone. */
  listIn(place: Omit<IdentityRef, "name">): Promise<readonly ManagedIdentity[]>;
  /** Creates the identity, or sets the tags of the existing one. */
  put(ref: IdentityRef, settings: { location: string; tags: Record<string, string> }): Promise<ManagedIdentity>;
  /** No error if it is already gone. */
  remove(ref: IdentityRef): Promise<void>;
  /** Empty if the identity is gone. */
  federatedCredentials(ref: IdentityRef): Promise<readonly FederatedCredential[]>;
  putFederatedCredential(ref: IdentityRef, credential: FederatedCredential): Promise<void>;
  /** No error if it is already gone. */
  removeFederatedCredential(ref: IdentityRef, name: string): Promise<void>;
  /** The interval between two writes in a subscription, and how long the next one would wait for its turn. */
  pace(subscriptionId: string): { readonly intervalMs: number; readonly waitMs: number };
}
