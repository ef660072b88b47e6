/** Whom a token makes its bearer: a principal of Microsoft Entra, or a service account of this cluster. */
import { isObject, type Json, stringAt } from "azure-sim/json";
import { verifyToken } from "azure-sim/verifyToken";
import { aksServer, type Cluster, type PolicyRule, type SigningKey, type World } from "azure-sim/world";
import { errors, type JWTPayload } from "jose";
import type { KubeObject } from "./object.ts";

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Of a principal of Entra. */
  readonly clientId?: string;
  readonly isAdministrator: boolean;
  readonly rules: readonly PolicyRule[];
  /** A component of the sandbox. */
  readonly isOwn?: boolean;
  readonly isAnonymous?: boolean;
}

export interface Known {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** An object of the core group; nodes have no namespace. */
export type LookUp = (kind: string, namespace: string, name: string) => KubeObject | undefined;

export interface TokenEnvironment {
  readonly world: World;
  readonly cluster: Cluster;
  readonly lookUp: LookUp;
}

export const authenticated = "system:authenticated";

/** What a token may be bound to: its claim, and the kind. */
const boundTo = [
  ["pod", "Pod"],
  ["secret", "Secret"],
] as const;

export async function entraUser({ world, cluster }: TokenEnvironment, token: string): Promise<User | undefined> {
  const claims = await verify(world, token, world.entraKey, cluster.entraAudiences ?? [aksServer]);
  const appId = claims?.["appid"];
  if (typeof appId !== "string") return undefined;
  const objectId = claims?.["oid"];
  const name = typeof objectId === "string" ? objectId : appId;
  const groups = Array.isArray(claims?.["groups"]) ? claims["groups"].map(String) : [];
  return { name, groups: [...groups, authenticated], ...rightsOf(cluster, appId) };
}

/** A token for another audience, such as the one for Entra, is not accepted here. */
export async function serviceAccountUser(
  { world, cluster, lookUp }: TokenEnvironment,
  token: string,
  audiences: readonly string[],
): Promise<Known | undefined> {
  const claims = await verify(world, token, cluster.serviceAccountKey, audiences);
  const bound: Json = JSON.parse(JSON.stringify(claims?.["kubernetes.io"] ?? null));
  const namespace = stringAt(bound, "namespace");
  const name = isObject(bound) ? stringAt(bound, "serviceaccount", "name") : undefined;
  if (claims?.iss !== cluster.oidcIssuer || namespace === undefined || name === undefined) return undefined;
  // Deleting a service account invalidates its tokens, even if another account of the same name follows.
  const account = lookUp("ServiceAccount", namespace, name);
  if (account === undefined || account.metadata.uid !== stringAt(bound, "serviceaccount", "uid")) return undefined;
  // So does the end of the pod or the secret that a token is bound to.
  for (const [claim, kind] of boundTo) {
    const [object, uid] = ["name", "uid"].map((field) => stringAt(bound, claim, field));
    if (object !== undefined && lookUp(kind, namespace, object)?.metadata.uid !== uid) return undefined;
  }
  const credential =
    claims?.jti === undefined ? {} : { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] };
  const told = ["pod", "node"].flatMap((claim) =>
    ["name", "uid"].flatMap((field) => {
      const value = stringAt(bound, claim, field);
      return value === undefined ? [] : [[`authentication.kubernetes.io/${claim}-${field}`, [value]] as const];
    }),
  );
  const extra = { ...credential, ...Object.fromEntries(told) };
  const groups = [...accountGroups(namespace), authenticated];
  const made = [claims.aud ?? []].flat();
  return {
    user: {
      ...{ name: `system:serviceaccount:${namespace}:${name}`, uid: account.metadata.uid, groups, extra },
      ...{ isAdministrator: false, rules: [] },
    },
    audiences: audiences.filter((each) => made.includes(each)),
  };
}

/** What the world gives a principal in this cluster. */
export function rightsOf(cluster: Cluster, appId: string): Pick<User, "clientId" | "isAdministrator" | "rules"> {
  return {
    clientId: appId,
    isAdministrator: cluster.administrators.has(appId),
    rules: cluster.roles?.get(appId) ?? [],
  };
}

async function verify(
  world: World,
  token: string,
  key: SigningKey,
  audience: string | readonly string[],
): Promise<JWTPayload | undefined> {
  try {
    const options = { audience: [audience].flat(), algorithms: ["RS256"], currentDate: world.now() };
    return await verifyToken(token, key, options);
  } catch (error) {
    // A bug here must not pass for an invalid token.
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

export function accountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
