/** What activities need from the outside world, shaped by their work and not by any SDK. Adapters implement these. */
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { Serial } from "../domain/serial.ts";
import type { Audit } from "./audit.ts";
import type { AzureResources } from "./azureResources.ts";
import type { CosmosRoles } from "./cosmosRoles.ts";
import type { Databases } from "./databases.ts";
import type { IdempotencyKeys } from "./idempotencyKeys.ts";
import type { ManagedIdentities } from "./identities.ts";
import type { IdentityBindings } from "./identityBindings.ts";
import type { Issuers } from "./issuers.ts";
import type { Kubernetes } from "./kubernetes.ts";
import type { ManagedNamespaces } from "./managedNamespaces.ts";
import type { PostgresRoles } from "./postgres.ts";
import type { Changes, Registry } from "./registry.ts";
import type { RoleAssignments } from "./roleAssignments.ts";
import type { Events, QueueMessages } from "./serviceBus.ts";
import type { SqlServers } from "./sqlServers.ts";
import type { Tokens } from "./tokens.ts";

export interface Ports {
  readonly catalog: Catalog;
  readonly identities: ManagedIdentities;
  readonly identityBindings: IdentityBindings;
  readonly managedNamespaces: ManagedNamespaces;
  readonly sqlServers: SqlServers;
  readonly roleAssignments: RoleAssignments;
  readonly cosmosRoles: CosmosRoles;
  readonly azureResources: AzureResources;
  readonly databases: Databases;
  readonly postgres: PostgresRoles;
  readonly kubernetes: Kubernetes;
  readonly issuers: Issuers;
  readonly registry: Registry;
  /** One at a time for each team, so that concurrent requests to this service cannot together exceed the quota. */
  readonly admissions: Serial;
  readonly audit: Audit;
  readonly changes: Changes;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly events: Events;
  readonly queue: QueueMessages;
  /** For looks at what a namespace should not have; absent, each asks for itself. */
  readonly index?: ReadIndex;
  /** Absent if the catalog accepts no Entra tokens. */
  readonly tokens?: Tokens;
}

/** What places said of themselves some minutes ago. Only that all is well is believed: anything else is asked anew. */
export interface ReadIndex {
  /** The same ports, but looks for what a namespace should not have are answered from lists of all that is there. */
  elsewhere(ports: Ports): Ports;
  /** The same ports, but what a place has to be for any namespace is asked once for all. */
  places(ports: Ports): Ports;
}
