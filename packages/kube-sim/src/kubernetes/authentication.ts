/**
 * Identifies the caller: a Microsoft Entra principal, a service account of this cluster, or a component of the sandbox;
 * with the rules that the cluster binds to it.
 */
import { unauthorized } from "./failures.ts";
import {
  accountGroups,
  authenticated,
  entraUser,
  type Known,
  rightsOf,
  serviceAccountUser,
  type TokenEnvironment,
  type User,
} from "./users.ts";

/** Whoever sends no token: with no rights but those of everyone. */
const anonymous: User = {
  ...{ name: "system:anonymous", groups: ["system:unauthenticated"] },
  ...{ isAdministrator: false, isAnonymous: true, rules: [] },
};

const own: User = {
  ...{ name: "system:admin", groups: ["system:masters", authenticated] },
  ...{ isAdministrator: true, isOwn: true, rules: [] },
};

export interface Authentication {
  /** By a request's Authorization header. */
  ofRequest(authorization: string | undefined): Promise<User>;
  /** By a token alone, and for which of these audiences it was made; undefined if it is nobody's, or for none of them. */
  ofToken(token: string, audiences: readonly string[]): Promise<Known | undefined>;
  /** By name, for whoever acts as somebody else. */
  named(name: string, groups: readonly string[]): User;
}

export function createAuthentication(environment: TokenEnvironment & { readonly adminToken: string }): Authentication {
  const { world, cluster, adminToken } = environment;

  async function ofToken(token: string, audiences: readonly string[]): Promise<Known | undefined> {
    const user = token === adminToken ? own : await entraUser(environment, token);
    if (user === undefined) return serviceAccountUser(environment, token, audiences);
    // They were made for the API server alone.
    return audiences.includes(cluster.oidcIssuer) ? { user, audiences: [cluster.oidcIssuer] } : undefined;
  }

  return {
    ofToken,
    async ofRequest(authorization) {
      const token = /^Bearer +(\S+)/i.exec(authorization ?? "")?.[1];
      // Another scheme is as good as none: nobody here looks at it.
      if (token === undefined) return anonymous;
      const known = await ofToken(token, [cluster.oidcIssuer]);
      if (known === undefined) throw unauthorized();
      return known.user;
    },
    named(name, groups) {
      if (name === anonymous.name) return { ...anonymous, groups: [...groups, ...anonymous.groups] };
      const namespace = /^system:serviceaccount:([^:]+):/.exec(name)?.[1];
      const ofAccount = namespace === undefined ? [] : accountGroups(namespace);
      const principal = [...world.servicePrincipals.values()].find(({ principalId }) => principalId === name);
      return {
        name,
        groups: [...new Set([...groups, ...(groups.length === 0 ? ofAccount : []), authenticated])],
        ...(principal === undefined ? { isAdministrator: false, rules: [] } : rightsOf(cluster, principal.clientId)),
      };
    },
  };
}
