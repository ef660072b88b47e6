/** How the items of a batch share what is limited: in their order, whichever lane would have been faster. */

export interface Asking<Item> {
  readonly item: Item;
  /** How much it takes, by what is limited. */
  readonly takes: ReadonlyMap<string, number>;
}

/** An item that does not fit beside those before it. */
export interface Unfit<Item> {
  readonly item: Item;
  /** The first limit that it exceeds, and how much of that the items before it take. */
  readonly of: string;
  readonly taken: number;
}

/** `free` is what each limit leaves to the batch. What does not fit takes nothing, and a later item may fit. */
export function findUnfit<Item>(
  asking: readonly Asking<Item>[],
  free: ReadonlyMap<string, number>,
): readonly Unfit<Item>[] {
  const taken = new Map<string, number>();
  return asking.flatMap(({ item, takes }) => {
    const beyond = [...takes].find(([of, count]) => count > 0 && (taken.get(of) ?? 0) + count > (free.get(of) ?? 0));
    if (beyond) return [{ item, of: beyond[0], taken: taken.get(beyond[0]) ?? 0 }];
    for (const [of, count] of takes) taken.set(of, (taken.get(of) ?? 0) + count);
    return [];
  });
}
