/** Which of several new namespaces find a place when they come together, in the order in which they were asked for. */
export interface NewNamespace {
  /** Whose quota it counts against. */
  readonly team: string;
}

export interface QuotaUsage {
  readonly quota: number;
  /** Namespaces that the team has by now. */
  readonly used: number;
}

/** Those for whom their team has no place left. A team that is not named has usage for all. */
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
