/** Identity bindings of AKS: Azure Resource Manager. */
import type { ClientId } from "../domain/naming/identityPair.ts";

/** A binding by its place: the resource ID of the cluster, and the binding's name. */
export interface BindingRef {
  readonly clusterId: string;
  readonly name: string;
}

export interface IdentityBinding {
  readonly name: string;
  /** The resource ID of the identity. */
  readonly identityId: string;
  /** As the binding has it: that of an earlier identity of the name, if the identity was made again. */
  readonly clientId: ClientId | undefined;
  /** Whether it has been made whole. */
  readonly isReady: boolean;
}

/** IDENTITY_BINDING_UNAVAILABLE where the subscription does not have the API. */
export interface IdentityBindings {
  get(ref: BindingRef): Promise<IdentityBinding | undefined>;
  /** Empty if there is no such cluster. */
  listAt(clusterId: string): Promise<readonly IdentityBinding[]>;
  /** Resolves when the binding is ready. Azure also gives the identity a credential of its own for all its bindings. */
  put(ref: BindingRef, binding: { readonly identityId: string }): Promise<void>;
  /** Resolves when it is gone; no error if it already is. The identity's credential stays. */
  remove(ref: BindingRef): Promise<void>;
}
