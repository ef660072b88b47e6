/** From proven claims to the caller that policy knows. The proof happens elsewhere: by a signature or by the platform. */
import { z } from "zod";
import { AppRole, type Caller } from "../access/caller.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { mayOperate } from "./policy.ts";
import { Refusal } from "./refusal.ts";

/** The claims of an Entra access token, v1.0 or v2.0, or of Easy Auth's principal. */
export const Claims = z.object({
  oid: z.guid(),
  tid: z.guid(),
  /** When the token ends, in seconds since 1970. */
  exp: z.number().optional(),
  /** The client that requested the token: `azp` in v2.0, `appid` in v1.0. An ID token has neither. */
  azp: z.string().optional(),
  appid: z.string().optional(),
  /** Present if a client acts on behalf of a person; absent if a workload calls for itself. */
  scp: z.string().optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  roles: z.array(z.string()).default([]),
  groups: z.array(z.string()).default([]),
  /** If a caller is in more groups than a token carries, `groups` is missing, and one of these says so. */
  _claim_names: z.object({ groups: z.string().optional() }).optional(),
  hasgroups: z.literal([true, "true"]).optional(),
});
export type Claims = z.infer<typeof Claims>;

export function callerOf({ teams }: Pick<Catalog, "teams">, claims: Claims): Caller {
  const application = claims.azp ?? claims.appid;
  // A person's token names the client, too. Only a workload's own token may give it a team by client ID; otherwise everybody who
  // signs in through that client would be in the team.
  const workload = claims.scp === undefined ? application?.toLowerCase() : undefined;
  const groups = new Set(claims.groups.map((group) => group.toLowerCase()));
  const roles = AppRole.options.filter((role) => claims.roles.includes(role));
  // Without teams, the caller would see empty lists and wrong refusals. An operator's rights depend on no team.
  if (isOverage(claims) && !mayOperate({ roles }) && Object.values(teams).some((team) => team.groups.length > 0)) {
    throw new Refusal("GROUPS_OVERAGE", "You are in more groups than a token carries, so yours names none of them.");
  }
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
    roles,
  };
}

/** learn.microsoft.com "Configure group claims and app roles in tokens": groups overage claim. */
function isOverage({ groups, hasgroups, _claim_names: elsewhere }: Claims): boolean {
  return groups.length === 0 && (hasgroups !== undefined || elsewhere?.groups !== undefined);
}
