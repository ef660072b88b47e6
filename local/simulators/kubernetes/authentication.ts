/**
 * Identifies the caller: a Microsoft Entra principal, a service account of this cluster, or a component of the sandbox;
 * with the rules that the cluster binds to it.
 */
import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Cluster, PolicyRule, SigningKey, World } from "../world.ts";
import { unauthorized } from "./failures.ts";
import { isObject, type Json, stringAt } from "./json.ts";
import type { KubeObject } from "./object.ts";

/** The Entra application that represents the API servers of all AKS clusters. */
const aksServer = "6dae42f8-4368-4678-94ff-3960e28e3630";

export interface User {
  readonly name: string;
  readonly isAdministrator: boolean;
  readonly rules: readonly PolicyRule[];
  /** A component of the sandbox. */
  readonly isOwn?: boolean;
  readonly isAnonymous?: boolean;
}

/** Whoever sends no token: with no rights but those of everyone. */
const anonymous: User = { name: "system:anonymous", isAdministrator: false, isAnonymous: true, rules: [] };

export function createAuthentication(environment: {
  readonly world: World;
  readonly cluster: Cluster;
  readonly adminToken: string;
  readonly serviceAccount: (namespace: string, name: string) => KubeObject | undefined;
}): (authorization: string | undefined) => Promise<User> {
  const { world, cluster, adminToken, serviceAccount } = environment;

  async function verify(token: string, key: SigningKey, audience: string): Promise<JWTPayload | undefined> {
    try {
      const options = { audience, algorithms: ["RS256"], currentDate: world.now() };
      return (await jwtVerify(token, key.publicKey, options)).payload;
    } catch (error) {
      // A bug here must not pass for an invalid token.
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  async function entraUser(token: string): Promise<User | undefined> {
    const claims = await verify(token, world.entraKey, aksServer);
    const appId = claims?.["appid"];
    if (typeof appId !== "string") return undefined;
    const objectId = claims?.["oid"];
    const name = typeof objectId === "string" ? objectId : appId;
    return { name, isAdministrator: cluster.administrators.has(appId), rules: cluster.roles?.get(appId) ?? [] };
  }

  /** A token for another audience, such as the one for Entra, is not accepted here. */
  async function serviceAccountUser(token: string): Promise<User | undefined> {
    const claims = await verify(token, cluster.serviceAccountKey, cluster.oidcIssuer);
    const bound: Json = JSON.parse(JSON.stringify(claims?.["kubernetes.io"] ?? null));
    const namespace = stringAt(bound, "namespace");
    const name = isObject(bound) ? stringAt(bound, "serviceaccount", "name") : undefined;
    if (claims?.iss !== cluster.oidcIssuer || namespace === undefined || name === undefined) return undefined;
    // Deleting a service account invalidates its tokens, even if another account of the same name follows.
    const account = serviceAccount(namespace, name);
    if (account?.metadata.uid !== stringAt(bound, "serviceaccount", "uid")) return undefined;
    return { name: `system:serviceaccount:${namespace}:${name}`, isAdministrator: false, rules: [] };
  }

  return async (authorization) => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    if (authorization === undefined || authorization === "") return anonymous;
    if (token === undefined) throw unauthorized();
    if (token === adminToken) return { name: "system:admin", isAdministrator: true, isOwn: true, rules: [] };
    const user = (await entraUser(token)) ?? (await serviceAccountUser(token));
    if (user === undefined) throw unauthorized();
    return user;
  };
}
