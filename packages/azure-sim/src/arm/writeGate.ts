/** Detects whether a write overlaps another one under the same parent, from its arrival until its answer is sent. */
export interface WriteGate {
  enter(key: string): { readonly collided: boolean; leave(): void };
}

export function createWriteGate(): WriteGate {
  const busy = new Map<string, number>();
  return {
    enter(key) {
      const others = busy.get(key) ?? 0;
      busy.set(key, others + 1);
      let isIn = true;
      return {
        collided: others > 0,
        leave() {
          if (!isIn) return;
          isIn = false;
          busy.set(key, (busy.get(key) ?? 1) - 1);
        },
      };
    },
  };
}
