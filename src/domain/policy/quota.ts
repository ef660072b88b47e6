/** Which of several new namespaces still fit into the quota, in the order of their requests. */
export interface NewNamespace {
  /** The team whose quota it counts against. */
  readonly team: string;
}

export interface QuotaUsage {
  readonly quota: number;
  /** The team's current namespaces. */
  readonly used: number;
}

/** The newcomers that exceed their team's quota. A team without an entry in `usage` has no limit. */
export function findBeyondQuota<N extends NewNamespace>(
  newcomers: readonly N[],
  usage: ReadonlyMap<string, QuotaUsage>,
): readonly N[] {
  const left = new Map([...usage].map(([team, { quota, used }]) => [team, quota - used]));
  return newcomers.filter(({ team }) => {
    const free = left.get(team);
    if (free === undefined) return false;
    left.set(team, free - 1);
    return free <= 0;
  });
}
