/** How a model's calls are made: a test counts them, fails them, or lets their effect come later. */
export interface Calls {
  read<T>(what: string, answer: () => T): Promise<T>;
  write<T>(what: string, effect: () => T): Promise<T>;
}

/** Every call succeeds. */
export const unhindered: Calls = {
  read: async (_what, answer) => answer(),
  write: async (_what, effect) => effect(),
};
