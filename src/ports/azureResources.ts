/** Any resource in Azure: Azure Resource Manager. */

export interface AzureResource {
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface AzureResources {
  /** Undefined if ARM has no such resource. */
  find(resourceId: string, apiVersion: string): Promise<AzureResource | undefined>;
  /** The management locks that apply at the scope: there, or above. */
  locksAt(scope: string): Promise<readonly { readonly id: string; readonly level: string }[]>;
}
