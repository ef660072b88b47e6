/** Tells whether a write met another one under the same parent, from the moment it arrived until its answer left. */
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
