/** From proven claims to the caller that policy knows. The proof itself is somebody else's: a signature or the platform. */
import { z } from "zod";
import { AppRole, type Caller } from "../access/caller.ts";
import type { Catalog } from "../catalog/catalog.ts";

/** Of an Entra access token, v1.0 or v2.0, or of Easy Auth's principal. */
export const Claims = z.object({
  oid: z.guid(),
  tid: z.guid(),
  /** The client that asked for the token: `azp` in v2.0, `appid` in v1.0. An ID token has neither. */
  azp: z.string().optional(),
  appid: z.string().optional(),
  /** Of a token that a client holds on behalf of a person; absent when a workload calls for itself. */
  scp: z.string().optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  roles: z.array(z.string()).default([]),
  groups: z.array(z.string()).default([]),
});
export type Claims = z.infer<typeof Claims>;

export function callerOf({ teams }: Pick<Catalog, "teams">, claims: Claims): Caller {
  const application = claims.azp ?? claims.appid;
  // A person's token names the client, too. Only a workload's own token may give a team by it, or everybody who signs in
  // through that client would be in the team.
  const workload = claims.scp === undefined ? application?.toLowerCase() : undefined;
  const groups = new Set(claims.groups.map((group) => group.toLowerCase()));
  return {
    id: claims.oid.toLowerCase(),
    name: claims.preferred_username ?? claims.name ?? application ?? claims.oid,
    teams: Object.entries(teams)
      .filter(
        ([, team]) =>
          team.groups.some((group) => groups.has(group.toLowerCase())) ||
          team.applications.some((id) => id.toLowerCase() === workload),
      )
      .map(([name]) => name),
    roles: AppRole.options.filter((role) => claims.roles.includes(role)),
  };
}
