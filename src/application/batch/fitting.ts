/** How the items of a batch share what is limited: in their order, whichever lane would have been faster. */

export interface Asking<Item> {
  readonly item: Item;
  /** How much it needs, by what is limited. */
  readonly needs: ReadonlyMap<string, number>;
}

/** An item that does not fit beside those before it. */
export interface Unfit<Item> {
  readonly item: Item;
  /** The first limit that it exceeds, and how much of that the items before it use. */
  readonly of: string;
  readonly used: number;
}

/** `free` is what each limit leaves to the batch. What does not fit uses nothing, and a later item may fit. */
export function findUnfit<Item>(
  asking: readonly Asking<Item>[],
  free: ReadonlyMap<string, number>,
): readonly Unfit<Item>[] {
  const used = new Map<string, number>();
  return asking.flatMap(({ item, needs }) => {
    const beyond = [...needs].find(([of, count]) => count > 0 && (used.get(of) ?? 0) + count > (free.get(of) ?? 0));
    if (beyond) return [{ item, of: beyond[0], used: used.get(beyond[0]) ?? 0 }];
    for (const [of, count] of needs) used.set(of, (used.get(of) ?? 0) + count);
    return [];
  });
}
