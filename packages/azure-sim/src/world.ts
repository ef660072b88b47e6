/**
 * The shared state behind all simulated services, through which they check each other: Entra issues a token only if a
 * federated credential of this world matches, and SQL accepts it only if a user's SID is the token's client id.
 * Each simulator owns the state that only its wire uses; what other wires have to see is here.
 */
import { createHash, createPublicKey, randomUUID } from "node:crypto";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK } from "jose";
import { ManagedNamespaces } from "./managedNamespaces.ts";

export interface FederatedCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** When it was last written; Entra sees it only after a delay. */
  readonly writtenAt?: Date;
}

/** A user-assigned managed identity. */
export interface Identity {
  /** In the case of the first PUT; look-ups ignore case. */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  tags: Record<string, string>;
  readonly clientId: string;
  readonly principalId: string;
  readonly createdAt: Date;
  /** By lower-cased name. */
  readonly federatedCredentials: Map<string, FederatedCredential>;
}

/** The name of the credential that Azure gives an identity for all of its identity bindings. */
export const automaticCredential = "aks-identity-binding";

/** Binds an identity to an AKS cluster. */
export interface IdentityBinding {
  readonly id: string;
  readonly name: string;
  /** The resource ID of the identity. */
  readonly identityId: string;
  /** Of the identity when it was bound. */
  readonly clientId: string;
  readonly principalId: string;
  readonly state: "Creating" | "Succeeded";
}

/** By lower-cased resource id, and also found by client id. */
export class Identities extends Map<string, Identity> {
  readonly #byClientId = new Map<string, Identity>();

  withClientId(clientId: string): Identity | undefined {
    return this.#byClientId.get(clientId);
  }

  override set(id: string, identity: Identity): this {
    this.delete(id);
    this.#byClientId.set(identity.clientId, identity);
    return super.set(id, identity);
  }

  override delete(id: string): boolean {
    this.#byClientId.delete(this.get(id)?.clientId ?? "");
    return super.delete(id);
  }

  override clear(): void {
    this.#byClientId.clear();
    super.clear();
  }
}

/** Mooring's own identity, or another principal that is not a resource of this world. */
export interface ServicePrincipal {
  readonly displayName: string;
  readonly clientId: string;
  readonly principalId: string;
}

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** A rule of a ClusterRole; it covers only what it names. */
export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Cluster {
  readonly name: string;
  /** With a trailing slash, as AKS prints it. Of a cluster in Azure only a name: keys are looked up in this world, not fetched. */
  readonly oidcIssuer: string;
  /** Signs the service account tokens that TokenRequest issues; Entra verifies them with it. */
  readonly serviceAccountKey: SigningKey;
  readonly nodeResourceGroup: string;
  /** The subscription of that group; without it, the group is in every subscription. */
  readonly subscriptionId?: string;
  readonly location: string;
  /** Client ids that the cluster's RBAC treats as cluster administrators. */
  readonly administrators: Set<string>;
  /** Client ids, each with the rules of the ClusterRoles that are bound to it. */
  readonly roles?: ReadonlyMap<string, readonly PolicyRule[]>;
  readonly hasPodIdentity: boolean;
  readonly hasWorkloadIdentityWebhook: boolean;
  /** Azure Resource Manager does not know it, and its issuer's keys are read where it publishes them (issuers). */
  readonly isOutsideAzure?: boolean;
  /** The audiences of Entra tokens that its API server accepts; by default that of all AKS clusters. */
  readonly entraAudiences?: readonly string[];
  /** Whether that webhook, and the cluster's token proxy, know identity bindings. */
  readonly hasIdentityBindings?: boolean;
  /** Of the API server: then AKS has no identity bindings. */
  readonly hasVnetIntegration?: boolean;
  /** Its resource ID; without it, that of its name in the group that its node resource group is named after. */
  readonly id?: string;
}

/** The Entra application that represents the API servers of all AKS clusters. */
export const aksServer = "6dae42f8-4368-4678-94ff-3960e28e3630";

/** Who has which role where; a scope need not exist in this world. */
export interface RoleAssignment {
  /** The GUID at the end of its id. */
  readonly name: string;
  /** The GUID of the role definition. */
  readonly role: string;
  readonly principalId: string;
  /** The id of a subscription, a resource group or a resource. */
  readonly scope: string;
  readonly description?: string | undefined;
  /** Limits what the role allows: here, to nothing. */
  readonly condition?: string | undefined;
  readonly createdTime?: Date | undefined;
}

/** A resource as Azure Resource Manager knows it: a storage account, a vault, a messaging namespace. */
export interface TargetResource {
  readonly id: string;
  readonly location: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A role that a Cosmos DB account has given in itself. */
export interface CosmosAssignment {
  /** The id of the account. */
  readonly account: string;
  /** A GUID. */
  readonly name: string;
  /** The GUID of the role definition. */
  readonly roleId: string;
  readonly principalId: string;
  /** The id of the account, or of what is in it: `<account>/dbs/<database>/colls/<container>`. */
  readonly scope: string;
  /** ARM does not tell it; what an account lets in depends on it. */
  readonly createdTime?: Date;
}

/** A management lock, by its id. */
export interface ManagementLock {
  readonly name: string;
  readonly scope: string;
  readonly level: "ReadOnly" | "CanNotDelete";
}

export interface SqlServer {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  entraAdmin: { login: string; objectId: string } | undefined;
  /** Whether CREATE USER … FROM EXTERNAL PROVIDER can look up names (otherwise error 33134). */
  canReadDirectory: boolean;
  /** Names; the SQL simulator has the contents. */
  readonly databases: Set<string>;
  /** By lower-cased name; without it, there is the rule that lets Azure's own services in. */
  firewallRules?: Map<string, FirewallRule>;
  /** Whether user names and passwords are refused. */
  isEntraOnly?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

/** An Azure Database for PostgreSQL Flexible Server; the simulator has the contents of its databases. */
export interface PostgresServer {
  /** Roles that are Entra administrators, each with its principal. */
  readonly entraAdmins: readonly { readonly login: string; readonly objectId: string }[];
  /** By name, each with the names of its schemas. */
  readonly databases: ReadonlyMap<string, readonly string[]>;
}

export interface FirewallRule {
  readonly name: string;
  readonly startIpAddress: string;
  readonly endIpAddress: string;
}

export interface World {
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Every existing subscription, in lower case. */
  readonly subscriptionIds: Set<string>;
  readonly now: () => Date;
  /** Signs every Entra access token. */
  readonly entraKey: SigningKey;
  readonly identities: Identities;
  /** By lower-cased resource id. */
  readonly identityBindings: Map<string, IdentityBinding>;
  readonly managedNamespaces: ManagedNamespaces;
  /** By client id. */
  readonly servicePrincipals: Map<string, ServicePrincipal>;
  /** In every subscription, unless they name one. */
  readonly resourceGroups: Map<
    string,
    {
      readonly name: string;
      readonly location: string;
      readonly subscriptionId?: string;
      readonly tags?: Readonly<Record<string, string>>;
    }
  >;
  readonly clusters: Map<string, Cluster>;
  readonly sqlServers: Map<string, SqlServer>;
  readonly postgresServers: Map<string, PostgresServer>;
  /** By name. */
  readonly roleAssignments: Map<string, RoleAssignment>;
  /** How many a subscription can have (learn.microsoft.com "Troubleshoot Azure RBAC limits"). */
  roleAssignmentLimit: number;
  /** How long it takes until services with data obey a new assignment. */
  roleDelayMs: number;
  /** By id in lower case. */
  readonly targets: Map<string, TargetResource>;
  /** By the id of the account and the name, in lower case. */
  readonly cosmosAssignments: Map<string, CosmosAssignment>;
  /** By name. */
  readonly locks: Map<string, ManagementLock>;
  /** Object ids of groups, each with its direct and indirect members. */
  readonly groups: Map<string, ReadonlySet<string>>;
}

export interface WorldOptions {
  readonly now?: () => Date;
  readonly tenantId?: string | undefined;
  readonly subscriptionId?: string | undefined;
}

export async function createWorld({
  now = () => new Date(),
  tenantId = randomUUID(),
  subscriptionId = randomUUID(),
}: WorldOptions = {}): Promise<World> {
  return {
    tenantId,
    subscriptionId,
    subscriptionIds: new Set([subscriptionId.toLowerCase()]),
    now,
    entraKey: await createSigningKey(),
    identities: new Identities(),
    identityBindings: new Map(),
    managedNamespaces: new ManagedNamespaces(),
    servicePrincipals: new Map(),
    resourceGroups: new Map(),
    clusters: new Map(),
    sqlServers: new Map(),
    postgresServers: new Map(),
    roleAssignments: new Map(),
    roleAssignmentLimit: 4_000,
    roleDelayMs: 0,
    targets: new Map(),
    cosmosAssignments: new Map(),
    locks: new Map(),
    groups: new Map(),
  };
}

export async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  // As Kubernetes names the keys of its service accounts: by a digest of the public key in DER.
  const der = createPublicKey({ key: await exportSPKI(publicKey), format: "pem" }).export({
    type: "spki",
    format: "der",
  });
  const kid = createHash("sha256").update(der).digest("base64url");
  return { kid, privateKey, publicKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

/** The principal that a token's `appid` names: a managed identity of this world, or a service principal. */
export function findPrincipal(world: World, clientId: string): ServicePrincipal | undefined {
  const identity = world.identities.withClientId(clientId);
  return identity ? principalOf(identity) : world.servicePrincipals.get(clientId);
}

export function principalOf({ clientId, principalId, name }: Identity): ServicePrincipal {
  return { clientId, principalId, displayName: name };
}

export function assignRole(
  { roleAssignments }: Pick<World, "roleAssignments">,
  assignment: Omit<RoleAssignment, "name">,
): RoleAssignment {
  const made = { ...assignment, name: randomUUID() };
  roleAssignments.set(made.name, made);
  return made;
}
