/** The single-page applications of a tenant, the people who sign in to them, and what they were granted. */
import type { World } from "../world.ts";
import { failures } from "./failures.ts";

/** A person with an account in the tenant. */
export interface Person {
  readonly name: string;
  readonly oid: string;
  /** App roles and object ids of groups, which tokens for any application contain. */
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

export interface BrowserClient {
  readonly clientId: string;
  /** The redirect URIs of the platform "Single-page application". */
  readonly redirectUris: readonly string[];
}

export interface Granted {
  readonly client: BrowserClient;
  readonly person: Person;
  readonly scope: string;
}

export interface IssuedCode extends Granted {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly endsAt: number;
}

export interface IssuedRefreshToken extends Granted {
  readonly endsAt: number;
}

export interface BrowserGrants {
  readonly world: World;
  readonly clients: Map<string, BrowserClient>;
  readonly people: Person[];
  readonly codes: Map<string, IssuedCode>;
  readonly refreshTokens: Map<string, IssuedRefreshToken>;
}

export function findClient({ world, clients }: BrowserGrants, clientId: string): BrowserClient {
  const client = clients.get(clientId);
  if (!client) throw failures.unknownClient(clientId, world.tenantId);
  return client;
}

export function originsOf({ redirectUris }: BrowserClient): readonly string[] {
  return redirectUris.map((uri) => new URL(uri).origin);
}
