/**
 * How much of a batch the teams' quotas allow. Called by the plan, and by the run before its first item: later items of the
 * batch give way, whichever lane would have been faster.
 */
import { count } from "../../domain/count.ts";
import { inGroups } from "../../domain/inGroups.ts";
import { lookUp, namesOf } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { decideTeam, mayOperate } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { findUnfit } from "./fitting.ts";

const atOnce = 20;

interface QuotaUsage {
  readonly quota: number;
  /** The team's current namespaces. */
  readonly used: number;
}

/**
 * The items that will be refused, and why. `read` returns the items in order, and is not called where every quota is large
 * enough.
 */
export async function refuseBeyondQuota<Item extends { readonly request: OnboardingRequest }>(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  count: number,
  read: () => Promise<readonly Item[]>,
): Promise<readonly { readonly item: Item; readonly refusal: Refusal }[]> {
  const usage = await tightQuotas({ ports, by }, count);
  if (usage.size === 0) return [];
  const wanted = (await read()).flatMap((item) => {
    const decision = decideTeam(ports.catalog, by, item.request);
    const team = "denial" in decision ? undefined : decision.team;
    return team !== undefined && usage.has(team) ? [{ item, team }] : [];
  });
  const isNew = await inGroups(wanted, atOnce, ({ item }) =>
    unlessUnreadable(ports.registry.getNamespace(item.request).then((found) => !found)),
  );
  // A namespace with a record already counts, whichever team owns it, and whether or not anybody can read it.
  const newcomers = wanted.filter((_each, at) => isNew[at] === true);
  const free = new Map([...usage].map(([team, { quota, used }]) => [team, quota - used]));
  const asking = newcomers.map(({ item, team }) => ({ item, needs: new Map([[team, 1]]) }));
  return findUnfit(asking, free).map(({ item, of }) => ({ item, refusal: refusalOf(item.request, of, usage.get(of)) }));
}

/** The quotas that a batch of this size could exceed. */
async function tightQuotas(
  { ports: { catalog, registry }, by }: Pick<ClaimContext, "ports" | "by">,
  count: number,
): Promise<ReadonlyMap<string, QuotaUsage>> {
  const teams = mayOperate(by) ? namesOf(catalog.teams) : by.teams;
  const found = await Promise.all(
    teams.map(async (team) => {
      const quota = lookUp(catalog.teams, team)?.quota;
      if (quota === undefined) return [];
      const used = await registry.countNamespaces(team);
      return used + count > quota ? [[team, { quota, used }] as const] : [];
    }),
  );
  return new Map(found.flat());
}

function refusalOf(
  { cluster, namespace }: NamespaceRef,
  team: string,
  { quota, used }: QuotaUsage = { quota: 0, used: 0 },
): Refusal {
  const before = quota > used ? `, and requests before this one in the batch take ${quota - used}` : "";
  const message = `Team "${team}" may have ${count(quota, "namespace")}: it has ${used}${before}.`;
  return new Refusal("QUOTA_EXCEEDED", message, { about: { cluster, namespace } });
}
